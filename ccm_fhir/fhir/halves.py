"""Reading JSON in which one text holds half a character.

An escape of half a surrogate pair is no Unicode (RFC 8259 §8.2), and one of them would make a
whole page of good resources unreadable. It is read as the replacement character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

_Read = TypeVar("_Read")

# Every escape of a JSON text; whole pairs come before halves.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decoded(decode: Callable[[bytes], _Read], body: bytes) -> _Read:
    """Return what a decoder reads; raises as it does where more than half characters is wrong."""
    try:
        return decode(body)
    except msgspec.DecodeError:
        return decode(_ESCAPE.sub(_whole, body))


def _whole(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape["half"] else escape[0]
