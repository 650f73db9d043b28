"""A month's entries at each vendor's EHR over real HTTP: the rung expected, and one word each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import time as clock_time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.writeback import DeliveryState, Disposition, RungName
from ccm_fhir.errors import LaunchError
from ccm_fhir.services.dispositions import dispositions_of_month
from ccm_fhir.storage import users
from ccm_fhir.storage.vocabulary import Purpose
from fhir_fixtures.sandbox import profiles
from tests.services.loopback_ehr import Clock, cast, running_ehr
from tests.world import NOVEMBER, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccm_fhir.storage.deliveries import DeliveryRecord
    from fhir_fixtures.sandbox.settings import SandboxSettings
    from tests.world import Desk

NOTE = "Readings reviewed with the patient."


def _like(settings: SandboxSettings, name: str) -> SandboxSettings:
    return settings if name == profiles.FULL else replace(settings, profile=profiles.load(name))


@contextmanager
def practice_at(profile: str, folder: Path) -> Iterator[Site]:
    """Open a practice in front of a vendor's EHR of its own."""
    like = partial(_like, name=profile)
    with (
        running_ehr(cast(1), Clock(), like=like) as ehr,
        open_site(f"sqlite:///{folder / 'ccm.sqlite'}", ehr) as site,
    ):
        yield site


def nurse_at(site: Site) -> Desk:
    """Launch as the nurse; where the EHR tells no roles, an administrator gives them theirs."""
    try:
        return site.launch()
    except LaunchError:
        with site.world.db.write(site.practice_id) as session:
            (nurse,) = users.list_all(session, site.practice_id)
            users.set_role(session, site.practice_id, nurse.id, Role.CARE_MANAGER)
        return site.launch()


def deliver_everything(site: Site, patient_id: str) -> tuple[DeliveryRecord, ...]:
    """Deliver until nothing new is planned: a fall plans what takes over."""
    known: frozenset[str] = frozenset()
    while True:
        found = site.deliveries(patient_id)
        if {one.id for one in found} <= known:
            return found
        known = frozenset(one.id for one in found)
        site.deliver(*(one.id for one in found), most=200)


def a_month_of_work(nurse: Desk) -> tuple[str, str]:
    """Record a telephone call and work without the patient, both with a note."""
    call = nurse.call(note=NOTE)
    work = nurse.record(
        start_time=clock_time(11, 0),
        minutes=15,
        activity=Activity.COORDINATION,
        note=NOTE,
    )
    return call, work


def rungs_of(found: tuple[DeliveryRecord, ...], entry_id: str) -> set[RungName | None]:
    return {
        one.rung
        for one in found
        if one.artefact_id == entry_id and one.purpose is Purpose.ARTEFACT and not one.has_fallen
    }


CLEAN, LOSSY, BY_HAND = Disposition.ACCEPTED, Disposition.ACCEPTED_LOSSY, Disposition.PENDING
EXPECTED: dict[str, tuple[RungName, Disposition, RungName, Disposition]] = {
    "full": (RungName.ENCOUNTER_AND_PROCEDURE, CLEAN, RungName.PROCEDURE, CLEAN),
    "epic": (RungName.PROCEDURE, CLEAN, RungName.PROCEDURE, CLEAN),
    "oracle-health": (RungName.ENCOUNTER_AND_PROCEDURE, LOSSY, RungName.PROCEDURE, LOSSY),
    "athenahealth": (
        RungName.QUESTIONNAIRE_RESPONSE,
        CLEAN,
        RungName.QUESTIONNAIRE_RESPONSE,
        CLEAN,
    ),
    "meditech": (RungName.QUESTIONNAIRE_RESPONSE, CLEAN, RungName.QUESTIONNAIRE_RESPONSE, CLEAN),
    "eclinicalworks": (
        RungName.QUESTIONNAIRE_RESPONSE,
        CLEAN,
        RungName.QUESTIONNAIRE_RESPONSE,
        CLEAN,
    ),
    "nextgen": (RungName.HAND_OFF, BY_HAND, RungName.HAND_OFF, BY_HAND),
    "veradigm": (RungName.OBSERVATION, CLEAN, RungName.OBSERVATION, CLEAN),
    "canvas": (RungName.OBSERVATION, CLEAN, RungName.OBSERVATION, CLEAN),
}


@pytest.mark.parametrize("profile", EXPECTED)
def test_a_months_entries_reach_their_rung_at(profile: str, tmp_path: Path) -> None:
    rung_of_call, call_stands, rung_of_work, work_stands = EXPECTED[profile]
    with practice_at(profile, tmp_path) as site:
        nurse = nurse_at(site)
        call, work = a_month_of_work(nurse)

        found = deliver_everything(site, nurse.patient_id)

        assert rungs_of(found, call) == {rung_of_call}, [_shown(one) for one in found]
        assert rungs_of(found, work) == {rung_of_work}
        stands = dispositions_of_month(site.world, site.practice_id, nurse.patient_id, NOVEMBER)
        assert stands == {call: call_stands, work: work_stands}, [_shown(one) for one in found]
        for one in found:
            if one.state is DeliveryState.SENT:
                assert one.answer_status in {200, 201}
                assert one.statement_sha256
                assert one.rule
        _each_is_there_once(site, found)


def _shown(one: DeliveryRecord) -> tuple[Any, ...]:
    return (one.resource_type, one.rung, one.state, one.last_problem, one.lossy, one.answer_status)


def _each_is_there_once(site: Site, found: tuple[DeliveryRecord, ...]) -> None:
    sent = [one for one in found if one.remote_id]
    assert len({one.remote_ref for one in sent}) == len(sent)
    for kind in {one.resource_type for one in sent}:
        posts = site.wire.sent("POST", rf"/fhir/{kind}$")
        together = 2 * len(site.wire.sent("POST", r"/fhir/?$"))  # a contact's two in one bundle
        of_kind = sum(1 for one in sent if one.resource_type is kind)
        assert of_kind - together <= len(posts) <= of_kind
