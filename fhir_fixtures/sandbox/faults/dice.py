"""Which fate a request meets: decided by the seed and by what the request says."""

from collections import Counter
from enum import Enum
from hashlib import sha256

from fhir_fixtures.sandbox.faults.plan import FaultPlan

_BYTES = 7  # 56 bits, which a float holds exactly


class Fate(Enum):
    """What becomes of a request; in the order in which the plan names their rates."""

    SERVER_ERROR = "server_error"
    BUSY = "busy"
    LOST_ANSWER = "lost_answer"
    LATE_COMMIT = "late_commit"
    NONE = "none"


class Dice:
    """Draws fates. The n-th try of the very same request has its own, the same in every run."""

    def __init__(self) -> None:
        self._tries: Counter[str] = Counter()

    def fate(self, plan: FaultPlan, request: str) -> Fate:
        """The fate of a request, told by its method, path and body."""
        self._tries[request] += 1
        drawn = _drawn(f"{plan.seed}|{request}|{self._tries[request]}")
        edge = 0.0
        for fate, rate in zip(Fate, plan.rates, strict=False):
            edge += rate
            if drawn < edge:
                return fate
        return Fate.NONE


def _drawn(text: str) -> float:
    digest = sha256(text.encode()).digest()[:_BYTES]
    return int.from_bytes(digest, "big") / float(1 << 8 * _BYTES)
