"""One engine a SQLite file: two processes would run each other's work at the same time."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ccm_fhir.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_PID = 20


class EngineLock:
    """A lock file beside the database; the system frees it when the process ends, however."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".engine.lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            ConfigurationError: another process runs the engine on this file.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, _LONGEST_PID).decode(errors="replace").strip()
            os.close(descriptor)
            problem = (
                f"process {holder or 'unknown'} already runs the engine on this SQLite file; "
                "stop it, or use PostgreSQL for more than one"
            )
            raise ConfigurationError("database_url", problem) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def give_back(self) -> None:
        """Free the lock; the file stays, since removing it would race with who waits for it."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
