"""Tables of claim files: who bills by them, whom they go to, the files, answers and money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.codes import Setting
from ccm_fhir.domain.remittance import MatchedBy
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import AnswerKind, ClaimsLeaveBy, FilingVerdict


class PracticeBillingRow(TenantRow, table=True):
    """Who a practice is on a claim file, beside its NPI; one row, under the practice's own id."""

    __tablename__ = "practice_billing"
    __table_args__ = table_args(UniqueConstraint("practice_id"))

    id: str = Field(primary_key=True)
    name: str
    tax_id_sealed: bytes
    taxonomy: str
    setting: Setting = Field(sa_type=word(Setting))
    line: str
    line2: str
    city: str
    state: str
    postal_code: str
    updated_at: datetime = Field(sa_type=UtcDateTime)


class TradingPartnerRow(TenantRow, table=True):
    """Who sends a practice's files to whom, and what it states of its claims; one row."""

    __tablename__ = "trading_partner"
    __table_args__ = table_args(
        UniqueConstraint("practice_id"),
        CheckConstraint("control_numbers_after >= 0", name="numbers_are_not_negative"),
    )

    id: str = Field(primary_key=True)
    submitter_name: str
    submitter_qualifier: str
    submitter_id: str
    contact_name: str
    contact_phone: str
    receiver_name: str
    receiver_qualifier: str
    receiver_id: str
    payer_name: str
    payer_id: str
    is_production: bool
    claims_leave_by: ClaimsLeaveBy = Field(sa_type=word(ClaimsLeaveBy))
    has_provider_signature: bool
    assignment: str
    are_benefits_assigned: bool
    may_release_information: bool
    control_numbers_after: int
    updated_at: datetime = Field(sa_type=UtcDateTime)


class PractitionerNameRow(TenantRow, table=True):
    """A billing practitioner's name in its parts, as payers hold it."""

    __tablename__ = "practitioner_name"
    __table_args__ = table_args(belongs_to("user_id", "app_user"))

    user_id: str = Field(primary_key=True)
    family: str
    given: str
    middle: str
    suffix: str
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ClaimFileRow(TenantRow, table=True):
    """A claim file that was made; append-only. Its control numbers are never given again."""

    __tablename__ = "claim_file"
    __table_args__ = table_args(
        within_practice(),
        UniqueConstraint("practice_id", "number"),
        UniqueConstraint("practice_id", "first_set_control"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "month"),
        CheckConstraint("number >= 1", name="numbers_start_at_one"),
        CheckConstraint("last_set_control >= first_set_control", name="sets_are_in_order"),
        CheckConstraint("claims >= 1", name="a_file_holds_a_claim"),
    )

    id: str = Field(primary_key=True)
    month: str
    number: int
    first_set_control: int
    last_set_control: int
    is_production: bool
    submitter_id: str
    receiver_id: str
    payer_id: str
    claims: int
    total_cents: int
    sha256: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    user_id: str | None


class ClaimFileContentRow(TenantRow, table=True):
    """A file's bytes, sealed; the register has their hash. Not append-only: keys change."""

    __tablename__ = "claim_file_content"
    __table_args__ = table_args(belongs_to("file_id", "claim_file"))

    file_id: str = Field(primary_key=True)
    content_sealed: bytes


class ClaimFileWritingRow(TenantRow, table=True):
    """That a file was written where the biller wanted it; append-only."""

    __tablename__ = "claim_file_writing"
    __table_args__ = table_args(
        belongs_to("file_id", "claim_file"), Index(None, "practice_id", "file_id")
    )

    id: str = Field(primary_key=True)
    file_id: str
    written_at: datetime = Field(sa_type=UtcDateTime)
    user_id: str | None


class FiledClaimRow(TenantRow, table=True):
    """That a claim's revision is in a file; append-only. A second turn has its reason."""

    __tablename__ = "filed_claim"
    __table_args__ = table_args(
        within_practice(),
        UniqueConstraint("practice_id", "claim_id", "is_production", "turn"),
        UniqueConstraint("file_id", "claim_id"),
        belongs_to("file_id", "claim_file"),
        belongs_to("claim_id", "claim"),
        Index(None, "practice_id", "claim_number"),
        Index(None, "practice_id", "file_id"),
        CheckConstraint("turn >= 1", name="turns_start_at_one"),
        CheckConstraint("turn = 1 OR reason <> ''", name="a_second_turn_has_a_reason"),
    )

    id: str = Field(primary_key=True)
    file_id: str
    claim_id: str
    revision: int
    claim_number: str
    set_control: int
    is_production: bool
    turn: int
    reason: str
    total_cents: int


class AnswerFileRow(TenantRow, table=True):
    """An answer (999 or 277CA) that was read; append-only, each file once, by its hash."""

    __tablename__ = "answer_file"
    __table_args__ = table_args(
        within_practice(),
        UniqueConstraint("practice_id", "sha256"),
        belongs_to("user_id", "app_user"),
    )

    id: str = Field(primary_key=True)
    kind: AnswerKind = Field(sa_type=word(AnswerKind))
    sha256: str
    matched: int
    unmatched: int
    read_at: datetime = Field(sa_type=UtcDateTime)
    user_id: str | None


class ClaimAnswerRow(TenantRow, table=True):
    """What an answer says of one claim in one file; append-only. ``codes`` are the sender's."""

    __tablename__ = "claim_answer"
    __table_args__ = table_args(
        belongs_to("answer_id", "answer_file"),
        belongs_to("filed_id", "filed_claim"),
        Index(None, "practice_id", "filed_id"),
    )

    id: str = Field(primary_key=True)
    answer_id: str
    filed_id: str
    kind: AnswerKind = Field(sa_type=word(AnswerKind))
    verdict: FilingVerdict = Field(sa_type=word(FilingVerdict))
    codes: str
    payer_control_number: str


class RemittanceFileRow(TenantRow, table=True):
    """A remittance (835) of which something was taken over; append-only."""

    __tablename__ = "remittance_file"
    __table_args__ = table_args(within_practice(), belongs_to("user_id", "app_user"))

    id: str = Field(primary_key=True)
    sha256: str
    matched: int
    unmatched: int
    read_at: datetime = Field(sa_type=UtcDateTime)
    user_id: str | None


class PaidAnswerRow(TenantRow, table=True):
    """What a payer decided of a claim of ours; append-only, each answer once by its key."""

    __tablename__ = "paid_answer"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "key_hash"),
        belongs_to("remittance_id", "remittance_file"),
        belongs_to("claim_id", "claim"),
        Index(None, "practice_id", "claim_id"),
    )

    id: str = Field(primary_key=True)
    remittance_id: str
    claim_id: str
    key_hash: str
    key_json: str
    matched_by: MatchedBy = Field(sa_type=word(MatchedBy))
    answer_json: str
