"""The time ledger as its keepers have it: verified, and held against heads kept elsewhere."""

from __future__ import annotations

from datetime import time

import pytest
from sqlalchemy import text

from ccm_fhir.errors import InputError
from ccm_fhir.services.anchors import ChainName
from ccm_fhir.services.time_ledger import anchored, verified
from tests.world import Site


@pytest.fixture
def busy(site: Site) -> Site:
    """Return a practice in which somebody has worked twice."""
    nurse = site.launch()
    nurse.call(note="Canary Quillfeather")
    nurse.record(start_time=time(11))
    return site


def tamper(site: Site, statement: str) -> None:
    with site.world.db.write(site.practice_id) as session:
        for table in ("time_entry", "time_link"):
            for act in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER IF EXISTS tr_{table}_no_{act}"))
        session.execute(text(statement))


def test_a_whole_ledger_verifies_against_the_heads_kept_of_it(busy: Site) -> None:
    kept = anchored(busy.world)

    (report,) = verified(busy.world, kept)

    assert (report.entries, report.problem) == (2, "")
    assert [(one.chain, one.entries, one.head) for one in kept] == [
        (ChainName.TIME, 2, report.head)
    ]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE time_entry SET note = '' WHERE note <> ''", "the row of link 1, or the link"),
        ("DELETE FROM time_link WHERE sequence = 1", "link 1 does not follow the one before"),
        ("DELETE FROM time_link WHERE sequence = 2", "after link 1 a row stands in the ledger"),
    ],
)
def test_tampering_is_told_by_its_place_and_never_by_the_patient(
    busy: Site, statement: str, problem: str
) -> None:
    tamper(busy, statement)

    (report,) = verified(busy.world)

    assert report.problem.startswith(problem)
    assert "Quillfeather" not in report.problem
    assert anchored(busy.world) == ()


def test_a_cut_end_is_told_by_the_head_kept_elsewhere_and_not_without(busy: Site) -> None:
    kept = anchored(busy.world)
    with busy.world.db.write(busy.practice_id) as session:
        for table in ("time_entry", "time_link"):
            session.execute(text(f"DROP TRIGGER tr_{table}_no_delete"))
        session.execute(
            text(
                "DELETE FROM time_entry WHERE id = "
                "(SELECT row_id FROM time_link WHERE sequence = 2)"
            )
        )
        session.execute(text("DELETE FROM time_link WHERE sequence = 2"))

    assert verified(busy.world)[0].problem == ""
    assert "its end was cut" in verified(busy.world, kept)[0].problem


def test_a_practice_is_verified_by_its_name_or_id(busy: Site) -> None:
    by_name = verified(busy.world, practice="Maple Street Family Practice")

    assert by_name == verified(busy.world, practice=busy.practice_id) == verified(busy.world)
    with pytest.raises(InputError, match="none has this name"):
        verified(busy.world, practice="nobody")
