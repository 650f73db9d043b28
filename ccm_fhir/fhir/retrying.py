"""How long to wait before a read is tried again. Writes are never tried again here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx2

from ccm_fhir.errors import EhrUnreachableError

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_RETRY_AFTER_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a read waits; sleeping and chance are given, for tests.

    ``jitter`` returns 0 to 1. A ``Retry-After`` is honoured up to ``most_seconds``.
    """

    tries: int = 4
    first_seconds: float = 0.5
    most_seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.SystemRandom().random

    def read(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Return the first answer that is not a plea to come back; else the last one.

        Raises:
            EhrUnreachableError: the last try had no answer.
        """
        for attempt in range(self.tries - 1):
            try:
                answer = send()
            except EhrUnreachableError:
                self.sleep(self._backoff(attempt))
                continue
            if answer.status_code not in TRY_AGAIN:
                return answer
            self.sleep(self._asked_for(answer, attempt))
        return send()

    def _asked_for(self, answer: httpx2.Response, attempt: int) -> float:
        asked = retry_after_seconds(answer.headers)
        return self._backoff(attempt) if asked is None else min(asked, self.most_seconds)

    def _backoff(self, attempt: int) -> float:
        longest = min(self.first_seconds * 2.0**attempt, self.most_seconds)
        return longest * (1 + self.jitter()) / 2


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what a ``Retry-After`` asks for, 15 minutes at most; None where it is absent.

    A date is read against the answer's own ``Date``, so that no clock of ours is needed.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MOST_RETRY_AFTER_SECONDS)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(wait.total_seconds(), 0.0), MOST_RETRY_AFTER_SECONDS)
