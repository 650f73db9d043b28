"""A lock that is given in the order in which it was asked for, so that nobody starves.

``threading.Lock`` lets whoever comes by at the right moment overtake those who wait: with many
writers some waited longer than anybody may, while others went in again and again.
"""

from __future__ import annotations

import threading
from collections import deque


class Turnstile:
    """One at a time, first come, first served; safe to use from every thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn; False where it did not come within so many seconds."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(timeout):
            return True
        with self._mutex:
            if mine.is_set():  # it came while we were giving up
                return True
            self._waiting.remove(mine)
            return False

    def release(self) -> None:
        """Let the next one in: whoever has waited longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
