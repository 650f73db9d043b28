"""A small shelf in memory for what is the same for many requests: it forgets, and is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock


@dataclass(slots=True)
class Shelf:
    """Texts by key, each for a while; what was put there first is forgotten first."""

    life: timedelta = timedelta(minutes=10)
    most: int = 200
    _texts: OrderedDict[tuple[str, ...], tuple[datetime, str]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def text(self, key: tuple[str, ...], now: datetime, make: Callable[[], str]) -> str:
        """Return the text of a key, made where there is none; makers do not wait for each other."""
        with self._lock:
            held = self._texts.get(key)
        if held is not None and now < held[0] + self.life:
            return held[1]
        made = make()
        with self._lock:
            self._texts[key] = (now, made)
            while len(self._texts) > self.most:
                self._texts.popitem(last=False)
        return made
