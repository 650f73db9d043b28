"""One line of JSON to a stated month; what is wrong is told by field and place, never by value."""

from __future__ import annotations

import re

import msgspec

from ccm_fhir.domain.stated import StatedMonth
from ccm_fhir.errors import InputError

_DECODER = msgspec.json.Decoder(StatedMonth)
_PLACED = re.compile(r"(?P<problem>.*?)(?: - at `\$?\.?(?P<place>.*)`)?\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")
_WORDS = (
    ("Invalid enum value", "not one of the allowed values"),
    ("Invalid RFC3339 encoded date", "not a date that exists, of the form YYYY-MM-DD"),
    ("Invalid RFC3339 encoded time", "not a time of the form HH:MM:SS"),
    ("Expected `time` with no timezone", "a local time, without an offset"),
    ("Expected `int` >= 0", "negative"),
    ("Expected `str` matching regex", "not a code of five characters"),
    ("Expected `array` of length 2", "not a pair of days"),
)


class _Id(msgspec.Struct):
    id: str | None = None


def read_line(line: bytes) -> StatedMonth:
    """Return the stated month of a line.

    Raises:
        InputError: it is no JSON, or a field is missing, of the wrong kind or out of bounds.
    """
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise _input_error(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError("line", "not a JSON object") from None
    except RecursionError:
        raise InputError("line", "nested too deeply") from None


def id_of(line: bytes) -> str | None:
    """Return the id of a line that could not be read otherwise; None where it has none."""
    try:
        return msgspec.json.decode(line, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _input_error(message: str) -> InputError:
    found = _PLACED.match(message)
    problem, place = (message, "") if found is None else (found["problem"], found["place"] or "")
    missing = _MISSING.match(problem)
    if missing is not None:
        field = f"{place}.{missing['field']}" if place else missing["field"]
        return InputError(field, "missing")
    said = next((words for start, words in _WORDS if problem.startswith(start)), None)
    return InputError(place or "line", said or _without_values(problem))


def _without_values(problem: str) -> str:
    """Keep what was expected and what kind came; msgspec's other messages might quote a value."""
    if re.fullmatch(r"Expected `[\w| ]+`, got `\w+`", problem):
        return problem[0].lower() + problem[1:]
    return "not of the expected form"
