"""Lets Python's threads take turns more often than they do by themselves."""

import sys
from typing import Final

_SECONDS: Final = 0.0005


def take_turns_often() -> None:
    """Have a thread that computes make room after half a millisecond instead of five.

    The event loop waits for its turn after each pause, behind every thread that reads or quotes. On a machine whose
    processors are taken by others each turn is longer still: fifty questions at once then took a fifth longer.
    """
    sys.setswitchinterval(_SECONDS)
