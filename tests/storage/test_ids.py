"""Keys sort by time and cannot be guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from ccm_fhir.storage.ids import new_id, new_opaque_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = UUID(new_id(NOW))

    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [new_id(NOW + timedelta(milliseconds=n)) for n in range(50)]

    assert made == sorted(made)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(NOW) for _ in range(1000)}) == 1000
    assert len({new_opaque_id() for _ in range(1000)}) == 1000
    assert len(new_opaque_id()) == 32
