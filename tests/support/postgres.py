"""A real PostgreSQL for tests: started from the machine's own programs on a free port, thrown away after."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")


def program(name: str) -> str | None:
    """Where the program is: on the PATH, or where distributions put it."""
    found = shutil.which(name)
    if found:
        return found
    paths = [path for place in _PLACES for path in Path(place).glob(f"**/bin/{name}")]
    return str(max(paths)) if paths else None


@contextmanager
def running(folder: Path, port: int) -> Iterator[str]:
    """The address of a server with an empty database `docent`. The folder must be reachable for all."""
    user = _user()
    run_as = (
        []
        if user is None
        else ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    )
    data = folder / "postgres"
    data.mkdir()
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb
    assert postgres
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    options = ["-U", "docent", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run([*run_as, initdb, "-D", str(data), *options], check=True, **quiet)
    listen = ["-p", str(port), "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    server = subprocess.Popen([*run_as, postgres, "-D", str(data), *listen], **quiet)
    try:
        _wait(server, port)
        yield f"postgresql://docent@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _user() -> pwd.struct_passwd | None:
    """Another user than root, whom initdb refuses; None if we aren't root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    """Until it takes queries: it listens before."""
    ready = program("pg_isready")
    assert ready
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        asked = [ready, "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "docent"]
        if subprocess.run(asked, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start")
