"""What the sandbox has seen and done, for whoever tests that nothing is lost or doubled."""

from collections import Counter
from typing import Any


class Counters:
    """Counts; `created` is of resources, whatever became of the answers."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._created: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count something that happened."""
        self._counts[name] += number

    def created(self, resource_type: str) -> None:
        """Count a new resource."""
        self._counts["created"] += 1
        self._created[resource_type] += 1

    def shown(self) -> dict[str, Any]:
        """All of them, zero included, and what was created by type."""
        counts = {name: self._counts[name] for name in NAMES}
        return {**counts, "created_by_type": dict(sorted(self._created.items()))}


NAMES = (
    "requests",  # that reached the FHIR endpoint
    "posts",  # creates that arrived, each try counted
    "created",  # resources that are new in the store
    "existed",  # conditional creates that found one
    "server_error",  # 5xx before anything was written
    "busy",  # 429
    "lost_answer",  # written, and the connection cut
    "late_commit",  # the connection cut, and written afterwards
    "hidden",  # entries that a lagging index did not show
)
