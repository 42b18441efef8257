"""A port that can't be had costs what wanted it, with a word."""

import socket

import pytest

from bot.ports import Unavailable
from bot.runtime.http_server import listen_at


def test_a_taken_port() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port}: another program listens there"):
            listen_at("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_one(host: str) -> None:
    with pytest.raises(Unavailable, match="can't be listened at"):
        listen_at(host, 0)


def test_a_free_one_listens() -> None:
    with listen_at("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        pass
