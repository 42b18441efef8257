"""Takes the password out of a repository's address: git alone is told it, by a pipe."""

import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

_TIMES = 32  # git asks for it once for each request that is refused without


@dataclass(frozen=True, slots=True)
class Remote:
    """An address without user and password, which so stand in no list of processes and in no file."""

    address: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, address: str) -> "Remote":
        """Take an address such as `https://user:token@host/docs.git` apart; one of another kind stays whole."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme not in ("http", "https") or host == parts.netloc:
            return cls(address)
        user, _, password = parts.netloc.removesuffix(f"@{host}").partition(":")
        return cls(urlunsplit(parts._replace(netloc=host)), _line(user), _line(password))

    @property
    def is_secret(self) -> bool:
        """Whether git has to be told a password."""
        return bool(self.user or self.password)

    def settings(self, pipe: int) -> tuple[str, ...]:
        """Make the options by which git reads the password from this file descriptor, for this host only."""
        parts = urlsplit(self.address)
        read = "{ IFS= read -r user; IFS= read -r word; } < /dev/fd/" + str(pipe)
        tell = 'printf "username=%s\\npassword=%s\\n" "$user" "$word"'
        helper = f'!f() {{ test "$1" = get || exit 0; {read}; {tell}; }}; f'
        mine = f"credential.{parts.scheme}://{parts.netloc}.helper"
        return "-c", "credential.helper=", "-c", f"{mine}={helper}"

    def pipe(self) -> int:
        """Open a file descriptor to read the password from; the caller closes it."""
        reading, writing = os.pipe()
        os.write(writing, f"{self.user}\n{self.password}\n".encode() * _TIMES)
        os.close(writing)
        return reading


def _line(text: str) -> str:
    """Decode what an address escapes, in one line."""
    return "".join(unquote(text).splitlines())
