"""What goes wrong how often, as an operator says it: JSON or TOML, misspelt names are refused."""

from pathlib import Path
from typing import Any, Literal

import msgspec

RETRY_AFTER = ("seconds", "date", "none")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates are between 0 and 1 and add up to at most 1: one request has one fate.

    `methods` are those that have a fate at all; a search by POST counts as a GET, and is spared
    unless GET is named. `types` are the resource types concerned, empty for all. Everything
    else is always at work: `latency_seconds` before each answer, `index_lag_seconds` in which a
    search does not see what is new, `ignores_if_none_exist`, and `race_seconds` between the
    search and the write of a conditional create, in which another one may slip through.
    """

    seed: int = 1
    methods: tuple[str, ...] = _WRITES
    types: tuple[str, ...] = ()
    server_error_rate: float = 0.0
    busy_rate: float = 0.0
    lost_answer_rate: float = 0.0
    late_commit_rate: float = 0.0
    late_commit_seconds: float = 1.0
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    retry_after_seconds: int = 1
    latency_seconds: float = 0.0
    index_lag_seconds: float = 0.0
    ignores_if_none_exist: bool = False
    race_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            ValueError: a rate outside 0 to 1, rates that add up to more, or a negative time.
        """
        if any(not 0 <= rate <= 1 for rate in self.rates):
            raise ValueError("a rate is a number from 0 to 1")
        if sum(self.rates) > 1 + 1e-9:
            raise ValueError("the rates add up to more than 1: one request has one fate")
        if any(seconds < 0 for seconds in self._times):
            raise ValueError("a time cannot be negative")

    @property
    def rates(self) -> tuple[float, ...]:
        """In the order of the fates."""
        return (
            self.server_error_rate,
            self.busy_rate,
            self.lost_answer_rate,
            self.late_commit_rate,
        )

    @property
    def _times(self) -> tuple[float, ...]:
        return (
            self.late_commit_seconds,
            self.retry_after_seconds,
            self.latency_seconds,
            self.index_lag_seconds,
            self.race_seconds,
        )


def read_plan(path: Path) -> FaultPlan:
    """The plan in a file, TOML by its name and JSON otherwise.

    Raises:
        ValueError: it cannot be read, or names something that is no fault.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}"
        raise ValueError(message) from None
    decode: Any = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    plan: FaultPlan = decode(text, type=FaultPlan)
    return plan
