"""The write-back ladder: which rung is live, why, and what may never move it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import Activity, PerformerKind
from ccm_fhir.domain.writeback import (
    FHIR_RUNGS,
    LADDERS,
    Act,
    Answer,
    Artefact,
    ContactMode,
    EhrCapability,
    Granted,
    Means,
    Override,
    Proof,
    ResourceKind,
    RungName,
    Standing,
    StandingState,
    Tenant,
    TimeRecord,
    TypeCapability,
    Verdict,
    WritePlan,
    acts_of_ladders,
    plan,
    proof_of,
    resources_of,
)
from ccm_fhir.domain.writeback.judging import Recovery
from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from random import Random

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
ACTS = acts_of_ladders()
CLAIM = Act(resource_type="Claim")
EVERY_SCOPE = frozenset({Granted(resource_type="*", permission="c")})
EVERY_RUNG = frozenset(RungName)
CRS = frozenset({"create", "read", "search-type"})


def declaring(*names: str, operations: frozenset[str] = frozenset(), **facts: bool) -> Tenant:
    """Return a tenant whose EHR declares create, read and search of some types."""
    types = tuple(
        TypeCapability(resource_type=name, interactions=CRS, operations=operations, **facts)
        for name in names
    )
    return Tenant(capability=EhrCapability(types=types), granted=EVERY_SCOPE, installed=FHIR_RUNGS)


def proof(act: Act, verdict: Verdict, *, days: int = 0) -> Proof:
    return Proof(act=act, verdict=verdict, proved_at=NOW + timedelta(days=days), status=405)


def override(act: Act, *, is_supported: bool, days: int = 0) -> Override:
    return Override(
        act=act,
        is_supported=is_supported,
        signed_by="Ada Admin",
        signed_at=NOW + timedelta(days=days),
        reason="the vendor says so",
    )


def rung(made: WritePlan, name: RungName) -> str:
    (found,) = (one for one in made.rungs if one.name is name)
    return found.sentence


# --- what the rungs are ---


@pytest.mark.parametrize("artefact", Artefact)
def test_every_ladder_ends_with_a_person_and_names_no_rung_twice(artefact: Artefact) -> None:
    ladder = LADDERS[artefact]

    assert ladder[-1].name is RungName.HAND_OFF
    assert ladder[-1].means is Means.PERSON
    assert len({kind.name for kind in ladder}) == len(ladder)


def test_rungs_are_in_the_order_of_the_ladder() -> None:
    orders = {
        artefact: [each.name.value for each in plan(artefact, declaring()).rungs]
        for artefact in Artefact
    }

    lesser = ["observation", "questionnaire_response", "document", "hand_off"]
    assert orders == {
        "time_contact": ["encounter_and_procedure", "encounter", "procedure", *lesser],
        "time_work": ["procedure", *lesser],
        "care_plan": ["care_plan_and_goals", "document", "hand_off"],
        "consent": ["consent", "questionnaire_response", "document", "hand_off"],
        "claim": [
            "claim",
            "charge_item",
            "charge_item_operation",
            "vendor_adapter",
            "document",
            "x12_file",
            "hand_off",
        ],
        "enrolment": ["vendor_adapter", "flag", "episode_of_care", "hand_off"],
    }
    assert [each.number for each in plan(Artefact.CONSENT, declaring()).rungs] == [1, 2, 3, 4]


@pytest.mark.parametrize("artefact", Artefact)
def test_a_plan_says_of_each_rung_what_the_ladder_says(artefact: Artefact) -> None:
    made = plan(artefact, declaring("Claim"))

    assert made.artefact is artefact
    for rung_made, kind in zip(made.rungs, LADDERS[artefact], strict=True):
        assert (rung_made.name, rung_made.means) == (kind.name, kind.means)
        assert (rung_made.brings, rung_made.acts) == (kind.brings, kind.acts)


def test_work_without_the_patient_never_becomes_an_encounter() -> None:
    acts = {act.resource_type for kind in LADDERS[Artefact.TIME_WORK] for act in kind.acts}

    assert "Encounter" not in acts


def test_every_act_that_a_rung_asks_for_is_listed_once_in_order() -> None:
    assert [str(act) for act in acts_of_ladders()] == [
        "CarePlan",
        "CareTeam",
        "ChargeItem/$create",
        "ChargeItem",
        "Claim",
        "Communication",
        "Consent",
        "DocumentReference",
        "Encounter",
        "EpisodeOfCare",
        "Flag",
        "Goal",
        "Observation",
        "Procedure",
        "QuestionnaireResponse",
        "Task",
    ]


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (None, (ResourceKind.PROCEDURE,)),
        (ContactMode.TELEPHONE, (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE)),
    ],
)
def test_a_contact_is_written_before_the_work_that_points_at_it(
    mode: ContactMode | None, kinds: tuple[ResourceKind, ...]
) -> None:
    record = TimeRecord(
        entry_id="entry",
        patient_ref="Patient/1",
        performer_ref="Practitioner/1",
        performer=PerformerKind.CLINICAL_STAFF,
        practice_ref="Organization/1",
        started_at=NOW,
        ended_at=NOW + timedelta(minutes=20),
        activity=Activity.PATIENT_CALL,
        contact_mode=mode,
        note="",
    )

    assert resources_of(record) == kinds


# --- what is possible ---


def test_an_ehr_that_takes_nothing_leaves_a_person() -> None:
    for artefact in Artefact:
        made = plan(artefact, declaring())
        assert made.live.name is RungName.HAND_OFF
        assert made.live.sentence == "Always possible: it asks nothing of the EHR."
        assert made.live.recovery is Recovery.A_PERSON_LOOKS
        assert made.sentence == (
            f"It goes on rung {len(made.rungs)}: no rung above it is possible here."
        )


def test_the_best_rung_that_is_declared_and_granted_is_live() -> None:
    made = plan(Artefact.CLAIM, declaring("Claim", "ChargeItem"))

    assert made.live.name is RungName.CLAIM
    assert made.live.sentence == "The EHR declares create of Claim."
    assert made.sentence == "It goes on rung 1, the best there is."
    assert [each.is_possible for each in made.rungs] == [True, True, *[False] * 4, True]


def test_what_is_declared_without_create_says_what_is_declared_instead() -> None:
    tenant = declaring()
    read_only = TypeCapability(
        resource_type="Claim", interactions=frozenset({"search-type", "read"})
    )
    tenant = replace(tenant, capability=EhrCapability(types=(read_only,)))

    assert rung(plan(Artefact.CLAIM, tenant), RungName.CLAIM) == (
        "Of Claim the EHR declares read, search-type, and no create; "
        "it opens when the EHR declares it, or a person signs an override."
    )


def test_a_type_that_is_mentioned_without_anything_says_so() -> None:
    bare = EhrCapability(types=(TypeCapability(resource_type="Claim"),))
    tenant = replace(declaring(), capability=bare)

    assert rung(plan(Artefact.CLAIM, tenant), RungName.CLAIM).startswith(
        "Of Claim the EHR declares nothing, and no create;"
    )


def test_a_type_that_is_not_mentioned_says_so() -> None:
    assert rung(plan(Artefact.CLAIM, declaring()), RungName.CLAIM) == (
        "The EHR's CapabilityStatement does not mention Claim; "
        "it opens when the EHR declares it, or a person signs an override."
    )


def test_a_statement_that_was_never_read_opens_and_shuts_nothing() -> None:
    tenant = replace(declaring(), capability=None)

    made = plan(Artefact.CLAIM, tenant)

    assert (made.live.name, made.live.is_possible) == (RungName.CLAIM, False)
    assert made.live.is_unknown
    assert made.live.is_open
    assert made.sentence == (
        "It waits on rung 1: whether the EHR takes it there is not known before its "
        "CapabilityStatement was read."
    )
    assert rung(made, RungName.CLAIM) == (
        "The EHR's CapabilityStatement was never read, so that nothing is known to be possible or "
        "not; it is read before anything is sent or given to a person."
    )


def test_unread_is_no_excuse_for_a_scope_that_is_missing_or_a_proof() -> None:
    unread = replace(declaring(), capability=None)
    bare = plan(Artefact.CLAIM, replace(unread, granted=frozenset()))
    proved = replace(unread, proofs=(proof(Act(resource_type="Claim"), Verdict.NOT_SUPPORTED),))

    assert bare.live.name is RungName.HAND_OFF
    assert plan(Artefact.CLAIM, proved).live.name is RungName.CHARGE_ITEM


def test_without_its_scope_a_declared_rung_is_closed_and_names_the_scope() -> None:
    tenant = replace(
        declaring("Claim"), granted=frozenset({Granted(resource_type="Claim", permission="r")})
    )

    assert rung(plan(Artefact.CLAIM, tenant), RungName.CLAIM) == (
        "The EHR declares create of Claim. The granted scopes do not include Claim.c: "
        "it opens when the EHR's administrator grants it."
    )


def test_a_scope_on_the_type_itself_is_enough() -> None:
    tenant = replace(
        declaring("Claim"), granted=frozenset({Granted(resource_type="Claim", permission="c")})
    )

    assert plan(Artefact.CLAIM, tenant).live.name is RungName.CLAIM


def test_what_this_installation_cannot_write_is_closed_and_says_so() -> None:
    tenant = replace(declaring("Claim"), installed=frozenset())

    made = plan(Artefact.CLAIM, tenant)

    assert made.live.name is RungName.HAND_OFF
    assert rung(made, RungName.CLAIM) == (
        "This installation has no writer for it; a version that has one opens this rung. "
        "The EHR declares create of Claim."
    )
    assert rung(made, RungName.VENDOR_ADAPTER).startswith("No vendor adapter is set up")
    assert rung(made, RungName.X12_FILE) == (
        "No 837P drop is set up for this practice; setting one up opens this rung."
    )


def test_a_vendor_adapter_and_a_drop_need_nothing_of_fhir() -> None:
    tenant = replace(declaring(), installed=EVERY_RUNG, granted=frozenset())

    made = plan(Artefact.CLAIM, tenant)

    assert made.live.name is RungName.VENDOR_ADAPTER
    assert made.live.sentence == "It is set up for this practice."
    assert made.rungs[5].is_possible
    assert made.live.recovery is Recovery.A_PERSON_LOOKS


def test_a_rung_of_two_types_needs_both() -> None:
    both = plan(Artefact.CARE_PLAN, declaring("CarePlan", "Goal"))
    one = plan(Artefact.CARE_PLAN, declaring("CarePlan", "DocumentReference"))

    assert both.live.name is RungName.CARE_PLAN_AND_GOALS
    assert both.live.sentence == (
        "The EHR declares create of CarePlan. The EHR declares create of Goal."
    )
    assert one.live.name is RungName.DOCUMENT
    assert "does not mention Goal" in one.rungs[0].sentence
    assert "create of CarePlan" not in one.rungs[0].sentence


def test_a_contact_without_procedures_is_still_an_encounter() -> None:
    assert plan(Artefact.TIME_CONTACT, declaring("Encounter")).live.name is RungName.ENCOUNTER


def test_a_charge_by_operation_needs_the_operation_and_our_encounter() -> None:
    operations = frozenset({"$create"})
    tenant = declaring("Encounter", operations=frozenset())
    charge = TypeCapability(
        resource_type="ChargeItem", interactions=frozenset({"read"}), operations=operations
    )
    assert tenant.capability is not None
    with_charge = replace(tenant.capability, types=(*tenant.capability.types, charge))

    possible = plan(Artefact.CLAIM, replace(tenant, capability=with_charge))
    alone = plan(Artefact.CLAIM, replace(tenant, capability=EhrCapability(types=(charge,))))

    assert possible.live.name is RungName.CHARGE_ITEM_OPERATION
    assert "The EHR declares $create on ChargeItem." in possible.live.sentence
    assert alone.live.name is RungName.HAND_OFF
    assert "does not mention Encounter" in alone.rungs[2].sentence


def charging(lacks: dict[RungName, str]) -> Tenant:
    """Return a tenant whose EHR takes charges by operation, and that lacks something for them."""
    tenant = declaring("Encounter")
    charge = TypeCapability(resource_type="ChargeItem", operations=frozenset({"$create"}))
    assert tenant.capability is not None
    capability = replace(tenant.capability, types=(*tenant.capability.types, charge))
    return replace(tenant, capability=capability, lacks=lacks)


def test_a_rung_that_lacks_something_here_is_shut_and_says_what() -> None:
    made = plan(Artefact.CLAIM, charging({RungName.CHARGE_ITEM_OPERATION: "No bill codes."}))

    assert made.live.name is RungName.HAND_OFF
    assert rung(made, RungName.CHARGE_ITEM_OPERATION).startswith("No bill codes. The EHR declares")


def test_what_is_lacking_is_not_said_of_a_rung_that_the_ehr_does_not_take() -> None:
    tenant = replace(declaring("Encounter"), lacks={RungName.CLAIM: "Nothing here."})

    assert "Nothing here" not in rung(plan(Artefact.CLAIM, tenant), RungName.CLAIM)


def test_a_rung_that_lacks_something_does_not_wait_for_the_statement() -> None:
    unread = replace(declaring(), capability=None, lacks={RungName.CLAIM: "Nothing here."})

    made = plan(Artefact.CLAIM, unread)

    assert rung(made, RungName.CLAIM).startswith("Nothing here.")
    assert (made.live.name, made.live.is_unknown) == (RungName.CHARGE_ITEM, True)


def test_an_operation_that_is_not_declared_names_those_that_are() -> None:
    tenant = declaring("Encounter", "ChargeItem", operations=frozenset({"$credit"}))

    assert rung(plan(Artefact.CLAIM, tenant), RungName.CHARGE_ITEM_OPERATION).startswith(
        "Of ChargeItem the EHR declares $credit, and no $create;"
    )


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (("DocumentReference", "Task", "Communication"), "Task"),
        (("DocumentReference", "Communication"), "Communication"),
        (("DocumentReference",), "None"),
    ],
)
def test_a_charge_sheet_tells_a_work_queue_where_there_is_one(
    declared: tuple[str, ...], told: str
) -> None:
    live = plan(Artefact.CLAIM, declaring(*declared)).live

    assert live.name is RungName.DOCUMENT
    assert str(live.notice) == told


# --- how a lost answer is cleared up ---


@pytest.mark.parametrize(
    ("facts", "recovery"),
    [
        ({"has_conditional_create", "has_identifier_search"}, "conditional_create"),
        ({"has_identifier_search"}, "identifier"),
        (set(), "fingerprint"),
    ],
)
def test_a_lost_answer_is_cleared_up_as_well_as_the_ehr_allows(
    facts: set[str], recovery: str
) -> None:
    claim = TypeCapability(
        resource_type="Claim",
        interactions=CRS,
        has_conditional_create="has_conditional_create" in facts,
        has_identifier_search="has_identifier_search" in facts,
    )
    tenant = replace(declaring(), capability=EhrCapability(types=(claim,)))

    assert plan(Artefact.CLAIM, tenant).live.recovery == recovery


def test_what_cannot_be_searched_is_looked_for_by_a_person() -> None:
    unsearchable = TypeCapability(
        resource_type="Claim", interactions=frozenset({"create"}), has_identifier_search=True
    )
    tenant = replace(declaring(), capability=EhrCapability(types=(unsearchable,)))

    assert plan(Artefact.CLAIM, tenant).live.recovery is Recovery.A_PERSON_LOOKS


def test_a_rung_of_two_types_is_as_sure_as_its_weaker_one() -> None:
    strong = TypeCapability(
        resource_type="Encounter", interactions=CRS, has_conditional_create=True
    )
    weak = TypeCapability(resource_type="Procedure", interactions=CRS)
    tenant = replace(declaring(), capability=EhrCapability(types=(strong, weak)))

    assert plan(Artefact.TIME_CONTACT, tenant).live.recovery is Recovery.FINGERPRINT


def test_an_operation_has_no_conditional_create() -> None:
    tenant = declaring(
        "Encounter",
        "ChargeItem",
        operations=frozenset({"$create"}),
        has_conditional_create=True,
        has_identifier_search=True,
    )

    made = plan(Artefact.CLAIM, tenant)

    assert made.rungs[2].recovery is Recovery.IDENTIFIER


def test_an_ehr_whose_statement_is_unread_is_looked_into_by_a_person() -> None:
    tenant = replace(declaring(), capability=None, proofs=(proof(CLAIM, Verdict.SUPPORTED),))

    live = plan(Artefact.CLAIM, tenant).live

    assert (live.name, live.recovery) == (RungName.CLAIM, Recovery.A_PERSON_LOOKS)


# --- precedence ---


def test_what_was_proved_goes_before_what_is_signed_and_declared() -> None:
    tenant = replace(
        declaring("Claim"),
        overrides=(override(CLAIM, is_supported=True, days=9),),
        proofs=(proof(CLAIM, Verdict.NOT_SUPPORTED),),
    )

    made = plan(Artefact.CLAIM, tenant)

    assert made.live.name is RungName.HAND_OFF
    assert made.rungs[0].sentence == (
        "The EHR answered 405 to Claim on 2026-11-23, which proves that it does not offer it; "
        "it opens when the EHR has taken one, or a person withdraws this proof."
    )


def test_an_ehr_that_took_one_takes_more_whatever_it_declares() -> None:
    stored = Proof(act=CLAIM, verdict=Verdict.SUPPORTED, proved_at=NOW, status=201)
    tenant = replace(
        declaring(), proofs=(stored,), overrides=(override(CLAIM, is_supported=False),)
    )

    made = plan(Artefact.CLAIM, tenant)

    assert made.live.name is RungName.CLAIM
    assert made.live.sentence == "The EHR took Claim on 2026-11-23 (status 201)."


def test_what_is_signed_goes_before_what_is_declared() -> None:
    opened = replace(declaring(), overrides=(override(CLAIM, is_supported=True),))
    closed = replace(declaring("Claim"), overrides=(override(CLAIM, is_supported=False),))

    assert plan(Artefact.CLAIM, opened).live.sentence == (
        "Ada Admin signed on 2026-11-23 that the EHR takes Claim (the vendor says so)."
    )
    assert plan(Artefact.CLAIM, closed).live.name is RungName.HAND_OFF
    assert rung(plan(Artefact.CLAIM, closed), RungName.CLAIM) == (
        "Ada Admin signed on 2026-11-23 that the EHR does not take Claim (the vendor says so). "
        "It opens when that is signed otherwise."
    )


@pytest.mark.parametrize("swap", [False, True])
def test_the_last_proof_counts_and_the_last_signature(swap: bool) -> None:  # noqa: FBT001
    proofs = (
        proof(CLAIM, Verdict.NOT_SUPPORTED),
        proof(CLAIM, Verdict.SUPPORTED, days=1),
    )
    signed = (
        override(CLAIM, is_supported=False),
        override(CLAIM, is_supported=True, days=1),
    )
    step = -1 if swap else 1

    by_proof = plan(Artefact.CLAIM, replace(declaring(), proofs=proofs[::step]))
    by_word = plan(Artefact.CLAIM, replace(declaring(), overrides=signed[::step]))

    assert (by_proof.live.name, by_word.live.name) == (RungName.CLAIM, RungName.CLAIM)


@pytest.mark.parametrize("swap", [False, True])
def test_of_two_at_the_same_moment_the_one_that_closes_counts(swap: bool) -> None:  # noqa: FBT001
    step = -1 if swap else 1
    proofs = (proof(CLAIM, Verdict.NOT_SUPPORTED), proof(CLAIM, Verdict.SUPPORTED))[::step]
    signed = (override(CLAIM, is_supported=False), override(CLAIM, is_supported=True))[::step]

    by_proof = plan(Artefact.CLAIM, replace(declaring("Claim"), proofs=proofs))
    by_word = plan(Artefact.CLAIM, replace(declaring("Claim"), overrides=signed))

    assert by_proof.live.name is RungName.HAND_OFF
    assert by_word.live.name is RungName.HAND_OFF


def test_a_proof_about_another_act_says_nothing() -> None:
    other = Act(resource_type="Claim", code="$submit")
    tenant = replace(
        declaring("Claim"),
        proofs=(proof(other, Verdict.NOT_SUPPORTED),),
        overrides=(override(other, is_supported=False),),
    )

    assert plan(Artefact.CLAIM, tenant).live.name is RungName.CLAIM


# --- what must be answered for ---


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("signed_by", "signed_by: say who signs this override"),
        ("reason", "reason: say why the EHR's own statement is set aside"),
    ],
)
def test_an_override_that_nobody_answers_for_is_refused(field: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        Override(
            act=CLAIM,
            is_supported=True,
            signed_by="  " if field == "signed_by" else "Ada Admin",
            signed_at=NOW,
            reason="  " if field == "reason" else "tried",
        )

    assert str(refused.value) == told


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="signed_at: a moment with a time zone is needed"):
        replace(override(CLAIM, is_supported=True), signed_at=NOW.replace(tzinfo=None))
    with pytest.raises(InputError, match="proved_at: a moment with a time zone is needed"):
        replace(proof(CLAIM, Verdict.SUPPORTED), proved_at=NOW.replace(tzinfo=None))


# --- what is on a rung stays there ---


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (StandingState.UNCERTAIN, "an earlier try is uncertain"),
        (StandingState.ACCEPTED, "the EHR holds it there"),
        (StandingState.HANDED_OFF, "a person was handed it"),
    ],
)
def test_what_is_on_a_rung_is_neither_promoted_nor_demoted(state: StandingState, why: str) -> None:
    standing = Standing(rung=RungName.CHARGE_ITEM, state=state)

    better = plan(Artefact.CLAIM, declaring("Claim", "ChargeItem"), standing)
    worse = plan(Artefact.CLAIM, declaring(), standing)

    for made in (better, worse):
        assert made.live.name is RungName.CHARGE_ITEM
        assert made.sentence.startswith(f"It stays on rung 2: {why}")
    assert not worse.live.is_possible


def test_a_standing_on_no_rung_of_the_ladder_is_refused() -> None:
    standing = Standing(rung=RungName.CLAIM, state=StandingState.ACCEPTED)

    with pytest.raises(InputError, match="standing: this artefact has no rung claim"):
        plan(Artefact.CONSENT, declaring(), standing)


# --- properties ---

acts = st.sampled_from(ACTS)
artefacts = st.sampled_from(Artefact)
moments = st.integers(0, 5).map(lambda days: NOW + timedelta(days=days))
types = st.builds(
    TypeCapability,
    resource_type=st.sampled_from([act.resource_type for act in ACTS]),
    interactions=st.frozensets(st.sampled_from(["create", "read", "update", "search-type"])),
    operations=st.frozensets(st.sampled_from(["$create", "$credit"])),
    has_identifier_search=st.booleans(),
    has_conditional_create=st.booleans(),
    has_update_create=st.booleans(),
)
capabilities = st.none() | st.builds(
    EhrCapability,
    types=st.lists(types, unique_by=lambda one: one.resource_type).map(tuple),
    has_batch=st.booleans(),
    has_transaction=st.booleans(),
)
permissions = st.frozensets(
    st.builds(
        Granted,
        resource_type=st.sampled_from([*(act.resource_type for act in ACTS), "*"]),
        permission=st.sampled_from("crs"),
    )
)
overrides = st.builds(
    Override,
    act=acts,
    is_supported=st.booleans(),
    signed_by=st.just("Ada Admin"),
    signed_at=moments,
    reason=st.just("tried"),
)
proofs = st.builds(
    Proof,
    act=acts,
    verdict=st.sampled_from(Verdict),
    proved_at=moments,
    status=st.sampled_from([201, 404, 405, 501]),
)
tenants = st.builds(
    Tenant,
    capability=capabilities,
    granted=permissions,
    overrides=st.lists(overrides, max_size=6).map(tuple),
    proofs=st.lists(proofs, max_size=6).map(tuple),
    installed=st.frozensets(st.sampled_from(RungName)),
)
standings = st.none() | st.builds(
    Standing, rung=st.just(RungName.HAND_OFF), state=st.sampled_from(StandingState)
)


@given(artefact=artefacts, tenant=tenants, standing=standings)
def test_exactly_one_rung_is_live_and_a_person_is_always_the_last(
    artefact: Artefact, tenant: Tenant, standing: Standing | None
) -> None:
    made = plan(artefact, tenant, standing)

    assert sum(each.is_live for each in made.rungs) == 1
    assert made.rungs[-1].name is RungName.HAND_OFF
    assert made.rungs[-1].is_possible
    assert made.live.is_possible or made.live.is_unknown
    assert tenant.capability is None or not any(each.is_unknown for each in made.rungs)
    assert all(each.sentence.endswith(".") for each in made.rungs)


@given(artefact=artefacts, tenant=tenants)
def test_a_rung_without_its_scope_is_never_live(artefact: Artefact, tenant: Tenant) -> None:
    live = plan(artefact, tenant).live

    assert all(
        Granted(resource_type=act.resource_type, permission="c") in tenant.granted
        or Granted(resource_type="*", permission="c") in tenant.granted
        for act in live.acts
    )


@given(artefact=artefacts, tenant=tenants)
def test_what_is_proved_unsupported_is_never_live(artefact: Artefact, tenant: Tenant) -> None:
    live = plan(artefact, tenant).live

    for act in live.acts:
        last = tenant.last_proof(act)
        assert last is None or last.verdict is Verdict.SUPPORTED


def _more(capability: EhrCapability | None, added: TypeCapability) -> EhrCapability:
    known = capability.types if capability else ()
    others = tuple(one for one in known if one.resource_type != added.resource_type)
    same = next((one for one in known if one.resource_type == added.resource_type), None)
    merged = added
    if same is not None:
        merged = replace(
            added,
            interactions=added.interactions | same.interactions,
            operations=added.operations | same.operations,
        )
    return EhrCapability(types=(*others, merged))


@given(artefact=artefacts, tenant=tenants, added=types, granted=permissions, name=acts)
def test_more_capability_never_lowers_the_live_rung(
    artefact: Artefact,
    tenant: Tenant,
    added: TypeCapability,
    granted: frozenset[Granted],
    name: Act,
) -> None:
    late = NOW + timedelta(days=99)
    richer = replace(
        tenant,
        capability=_more(tenant.capability, added),
        granted=tenant.granted | granted,
        installed=EVERY_RUNG,
        overrides=(*tenant.overrides, replace(override(name, is_supported=True), signed_at=late)),
        proofs=(
            *tenant.proofs,
            replace(proof(name, Verdict.SUPPORTED), proved_at=late, status=201),
        ),
    )

    known = replace(tenant, capability=tenant.capability or EhrCapability())
    assert plan(artefact, richer).live.number <= plan(artefact, known).live.number


@given(artefact=artefacts, tenant=tenants, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_things_were_learnt_does_not_matter(
    artefact: Artefact, tenant: Tenant, seed: Random
) -> None:
    mixed_proofs, mixed_overrides = list(tenant.proofs), list(tenant.overrides)
    seed.shuffle(mixed_proofs)
    seed.shuffle(mixed_overrides)
    mixed = replace(tenant, proofs=tuple(mixed_proofs), overrides=tuple(mixed_overrides))

    assert plan(artefact, mixed).live == plan(artefact, tenant).live


unproving = st.sampled_from(
    [301, 400, 401, 403, 406, 408, 409, 410, 412, 413, 415, 422, 425, 428, 429]
) | st.integers(500, 599).filter(lambda status: status != 501)


@given(artefact=artefacts, tenant=tenants, act=acts, status=unproving)
def test_an_answer_that_proves_nothing_changes_nothing(
    artefact: Artefact, tenant: Tenant, act: Act, status: int
) -> None:
    learnt = proof_of(act, Answer(status=status), NOW)
    after = tenant if learnt is None else replace(tenant, proofs=(*tenant.proofs, learnt))

    assert learnt is None
    assert plan(artefact, after) == plan(artefact, tenant)


@given(artefact=artefacts, tenant=tenants, others=tenants, state=st.sampled_from(StandingState))
def test_nothing_learnt_moves_what_is_on_a_rung(
    artefact: Artefact, tenant: Tenant, others: Tenant, state: StandingState
) -> None:
    standing = Standing(rung=plan(artefact, tenant).live.name, state=state)

    assert plan(artefact, others, standing).live.name is standing.rung
