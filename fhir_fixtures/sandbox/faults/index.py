"""A search index that lags behind the store: what is new is not found for some seconds."""

from collections.abc import Callable
from typing import Any

from fhir_fixtures.sandbox.faults.exchange import Answered


class LaggingIndex:
    """Knows when each resource was written, by a clock that only goes forward."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._written: dict[str, float] = {}

    def note(self, reference: str) -> None:
        """Remember that a resource (`Type/id`) was written just now."""
        self._written[reference] = self._now()

    def hides(self, reference: str, lag_seconds: float) -> bool:
        """Whether a search does not see a resource yet."""
        written = self._written.get(reference)
        return written is not None and self._now() - written < lag_seconds

    def seen(self, answered: Answered, lag_seconds: float) -> tuple[Answered, int]:
        """A search's answer with what the index shows of it, and how many it does not."""
        bundle = answered.json()
        if not isinstance(bundle, dict) or bundle.get("type") != "searchset":
            return answered, 0
        entries = bundle.get("entry", [])
        shown = [each for each in entries if not self.hides(_reference(each), lag_seconds)]
        hidden = len(entries) - len(shown)
        if not hidden:
            return answered, 0
        less = {name: value for name, value in bundle.items() if name != "entry"}
        if isinstance(less.get("total"), int):
            less["total"] -= hidden
        return answered.with_json(less | ({"entry": shown} if shown else {})), hidden


def _reference(entry: dict[str, Any]) -> str:
    resource = entry.get("resource", {})
    return f"{resource.get('resourceType')}/{resource.get('id')}"
