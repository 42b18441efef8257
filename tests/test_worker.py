"""Workers' names tell whether their processes live."""

import os
import subprocess
import sys

import pytest

from bot import worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def test_a_living_process_has_not_died():
    """Its own worker lives, and each has a name of its own."""
    names = {worker.name("slack"), worker.name("slack")}
    assert len(names) == 2
    assert not any(worker.died(name) for name in names)


def test_a_killed_process_has_died():
    """Also before its parent has taken note, and with its number used again."""
    code = "from bot import worker; print(worker.name('slack'), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert not worker.died(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert worker.died(name)
    assert worker.died(name)
    platform, machine, _, started, unique = name.split(" ")
    assert worker.died(f"{platform} {machine} {os.getpid()} {started} {unique}")


def test_of_other_machines_nothing_is_known():
    """What this machine can't tell isn't taken for dead."""
    platform, _, *rest = worker.name("slack").split(" ")
    assert not worker.died(" ".join([platform, "another", *rest]))
    assert not worker.died("slack host 12 abcdef")
