"""The month switcher: the months that may be looked at, and the neighbours of this one."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.dates import ServiceMonth
from smart_app.views.formats import month_name
from smart_app.views.forms import ChoiceView


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsView:
    """The month shown, and where one may go from it; empty where there is no such month."""

    value: str
    name: str
    earlier: str
    later: str
    choices: tuple[ChoiceView, ...]


def months(shown: ServiceMonth, offered: tuple[ServiceMonth, ...]) -> MonthsView:
    """Return the switcher; the month shown is always among its choices."""
    ordered = sorted({shown, *offered})
    place = ordered.index(shown)
    return MonthsView(
        value=str(shown),
        name=month_name(shown),
        earlier=str(ordered[place - 1]) if place else "",
        later=str(ordered[place + 1]) if place + 1 < len(ordered) else "",
        choices=tuple(
            ChoiceView(value=str(m), label=month_name(m), is_chosen=m == shown)
            for m in reversed(ordered)
        ),
    )
