"""Places where a test lets this process die, as a power cut would: at once, nothing tidied up.

Off unless armed; what is off costs one comparison. Only wiring arms them, from a setting that
refuses to start anything but a demo on loopback.

C1: a record is about to be written. C2: it is committed, nobody was told. C3: its delivery is
planned and its workflow asked for, nothing of it committed. C4: the intent to send is committed,
nothing has left. C5: half a request has left. C6: all of it has, its answer was not read. C7: an
answer was read, nothing recorded. C8: it was recorded, the engine does not know yet. C9: a
migration's revision was applied, nothing of it committed. C10: the process was told to end, and
its work is still under way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

POINTS = frozenset(f"C{number}" for number in range(1, 11))
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


def leaving(body: bytes) -> bytes | Iterator[bytes]:
    """Return what a request sends: its body, or where C5 or C6 is armed, that body in two parts."""
    return _in_halves(body) if _armed.keys() & {"C5", "C6"} else body


def _in_halves(body: bytes) -> Iterator[bytes]:
    half = len(body) // 2
    yield body[:half]
    failpoint("C5")
    yield body[half:]
    failpoint("C6")
