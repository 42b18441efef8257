"""Workers' names tell whether their processes live."""

import os
import subprocess
import sys

import pytest

from bot.runtime.process import process_identity

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def test_a_living_process_has_not_died():
    """Its own worker lives, and each has a name of its own."""
    names = {process_identity.name("slack"), process_identity.name("slack")}
    assert len(names) == 2
    assert not any(process_identity.died(name) for name in names)


def test_a_killed_process_has_died():
    """Also before its parent has taken note, and with its number used again."""
    code = "from bot.runtime.process import process_identity; print(process_identity.name('slack'), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert not process_identity.died(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process_identity.died(name)
    assert process_identity.died(name)
    platform, machine, _, started, unique = name.split(" ")
    assert process_identity.died(f"{platform} {machine} {os.getpid()} {started} {unique}")


def test_of_other_machines_nothing_is_known():
    """What this machine can't tell isn't taken for dead."""
    platform, _, *rest = process_identity.name("slack").split(" ")
    assert not process_identity.died(" ".join([platform, "another", *rest]))
    assert not process_identity.died("slack host 12 abcdef")
