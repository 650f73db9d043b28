"""Places where a test lets this process die, as a power cut would: at once, nothing tidied up.

Off unless armed; what is off costs one comparison. Only wiring arms them, from a setting that
refuses to start anything but a demo on loopback.

C4: the intent to send is committed, nothing has left. C7: an answer was read, nothing recorded.
C8: it was recorded, the engine does not know yet.
"""

from __future__ import annotations

import os

POINTS = frozenset({"C4", "C7", "C8"})
_KILLED = 137
_armed: dict[str, int] = {}


def arm(point: str, passes: int) -> None:
    """Let the process die when it comes to a place for the so-manieth time."""
    _armed[point] = passes


def failpoint(point: str) -> None:
    """Die here, if this place is armed and its time has come."""
    if not _armed or point not in _armed:
        return
    _armed[point] -= 1
    if _armed[point] <= 0:
        os._exit(_KILLED)
