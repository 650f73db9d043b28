"""A limit of requests for each app, counted from the top of each span of time."""

from fhir_fixtures.sandbox.profiles.shape import Rate
from fhir_fixtures.sandbox.settings import Clock


class RateLimit:
    """Counts what arrives in the present span."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._span = 0
        self._seen: dict[str, int] = {}

    def is_exceeded_by(self, client_id: str) -> bool:
        """Count a request, and say whether it is one too many."""
        span = int(self._clock().timestamp()) // self._rate.seconds
        if span != self._span:
            self._span, self._seen = span, {}
        self._seen[client_id] = self._seen.get(client_id, 0) + 1
        return self._seen[client_id] > self._rate.requests
