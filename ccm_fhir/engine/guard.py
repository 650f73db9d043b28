"""What a workflow's failure may leave in the engine's tables: a kind, never a message.

The engine stores errors with their text and attributes, and gives back another class than was
raised once a workflow is recovered. So a step's failure is one class, with the kind of the
error alone, before and after recovery alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dbos import PortableWorkflowError
from dbos import error as dbos_error

from ccm_fhir.errors import CcmError

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")


class StepFailedError(CcmError):
    """A step of a workflow raised; ``kind`` is the name of what it raised."""

    def __init__(self, step: str, kind: str) -> None:
        self.step = step
        self.kind = kind
        super().__init__(f"step {step} failed: {kind}")


def told_by_kind(work: Callable[..., R]) -> Callable[..., R]:
    """Return the function with every error of its own reduced to its kind."""

    def run(*args: object) -> R:
        try:
            return work(*args)
        except (dbos_error.DBOSException, PortableWorkflowError):
            raise
        except StepFailedError as error:
            raise PortableWorkflowError(str(error), error.kind) from None
        except Exception as error:  # noqa: BLE001  # the engine would store what it says
            kind = type(error).__name__
            raise PortableWorkflowError(f"failed: {kind}", kind) from None

    return run
