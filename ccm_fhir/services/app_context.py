"""Which view a card's link opens: a word and a month, carried by the EHR from card to launch.

CDS Hooks 2.0, "Link": ``appContext`` comes back in the token response. It has passed through
other hands, so nothing but a view from our own list is taken from it, never an address.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import InputError

_LONGEST = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class View(StrEnum):
    """The views that may be asked for."""

    ELIGIBILITY = "eligibility"
    TIME = "time"
    CLAIM = "claim"
    MONTH = "month"


class AppContext(msgspec.Struct, frozen=True, kw_only=True):
    """A view of a month."""

    view: View
    month: ServiceMonth


class _Spelt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    view: View
    month: str


def spell(context: AppContext) -> str:
    """Return the string that goes into a card's link."""
    return msgspec.json.encode(_Spelt(view=context.view, month=str(context.month))).decode()


def read_app_context(text: str) -> AppContext | None:
    """Return the view that an ``appContext`` asks for; None where it is none of ours."""
    if not 0 < len(text) <= _LONGEST:
        return None
    try:
        spelt = msgspec.json.decode(text.encode(), type=_Spelt)
        month = ServiceMonth.parse(spelt.month)
    except (msgspec.DecodeError, UnicodeError, RecursionError, InputError):
        return None
    if not _FIRST_YEAR <= month.year <= _LAST_YEAR:
        return None
    return AppContext(view=spelt.view, month=month)
