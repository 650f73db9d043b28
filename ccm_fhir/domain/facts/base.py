"""What every fact is made of."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of every fact: prints its type alone, since its fields are patient data.

    Facts hold facts and plain values, so that no cycle is there for the collector to find.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class EvidenceRef(msgspec.Struct, frozen=True, order=True):
    """Which resource, and which version of it, a conclusion rests on."""

    resource_type: str
    resource_id: str
    version_id: str = ""

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"


class Coding(Fact, frozen=True, kw_only=True):
    """One coding with its system in canonical spelling."""

    system: str | None
    code: str
    display: str = ""
