"""The tables; importing this package makes ``Row.metadata`` complete."""

from ccm_fhir.storage.tables.access import (
    AppUserRow,
    EhrRow,
    EmergencyAccessRow,
    LaunchAttemptRow,
    LaunchRow,
    SigningKeyRow,
    TokenGrantRow,
    WebSessionRow,
)
from ccm_fhir.storage.tables.approval import TimeApprovalRow, TypedPolicyRow
from ccm_fhir.storage.tables.base import Row
from ccm_fhir.storage.tables.billing import (
    AnswerFileRow,
    ClaimAnswerRow,
    ClaimFileContentRow,
    ClaimFileRow,
    ClaimFileWritingRow,
    FiledClaimRow,
    PaidAnswerRow,
    PracticeBillingRow,
    PractitionerNameRow,
    RemittanceFileRow,
    TradingPartnerRow,
)
from ccm_fhir.storage.tables.cds import CdsCardRow, CdsClientRow, CdsFeedbackRow, CdsTokenRow
from ccm_fhir.storage.tables.chart import ChartSnapshotRow, PatientRow
from ccm_fhir.storage.tables.choice import CodingChoiceRow, MdmAttestationRow
from ccm_fhir.storage.tables.correction import ClaimStatementRow, EhrAnswerRow
from ccm_fhir.storage.tables.courier import (
    DeliveryTurnRow,
    EhrPaceRow,
    KeyedByHandRow,
    ReconciliationRow,
    WorkerLeaseRow,
)
from ccm_fhir.storage.tables.delivery import DeliveryEventRow, DeliveryRow
from ccm_fhir.storage.tables.ladder import WriteOverrideRow, WriteProofRow
from ccm_fhir.storage.tables.ledger import (
    AttestationRow,
    AuditRow,
    ClaimRow,
    SignOffRow,
    TimeEntryRow,
    TimeLinkRow,
)
from ccm_fhir.storage.tables.location import LocationRow, PatientLocationRow
from ccm_fhir.storage.tables.month_close import (
    MonthChangeRow,
    MonthLockRow,
    MonthReasonRow,
    MonthStandingRow,
)
from ccm_fhir.storage.tables.plan import (
    PlanCopyRow,
    PlanDraftRow,
    PlanOutreachRow,
    PlanReviewRow,
    PlanTaskEndRow,
    PlanTaskRow,
    PlanVersionRow,
)
from ccm_fhir.storage.tables.practice import FeeRow, PracticeRow
from ccm_fhir.storage.tables.stated import ConditionReviewRow, RecordedConsentRow
from ccm_fhir.storage.tables.statement import CapabilityStatementRow
from ccm_fhir.storage.tables.terminology import TerminologyAnswerRow
from ccm_fhir.storage.tables.timer import TimerPolicyRow, TimerRow, TimerStretchRow

__all__ = [
    "AnswerFileRow",
    "AppUserRow",
    "AttestationRow",
    "AuditRow",
    "CapabilityStatementRow",
    "CdsCardRow",
    "CdsClientRow",
    "CdsFeedbackRow",
    "CdsTokenRow",
    "ChartSnapshotRow",
    "ClaimAnswerRow",
    "ClaimFileContentRow",
    "ClaimFileRow",
    "ClaimFileWritingRow",
    "ClaimRow",
    "ClaimStatementRow",
    "CodingChoiceRow",
    "ConditionReviewRow",
    "DeliveryEventRow",
    "DeliveryRow",
    "DeliveryTurnRow",
    "EhrAnswerRow",
    "EhrPaceRow",
    "EhrRow",
    "EmergencyAccessRow",
    "FeeRow",
    "FiledClaimRow",
    "KeyedByHandRow",
    "LaunchAttemptRow",
    "LaunchRow",
    "LocationRow",
    "MdmAttestationRow",
    "MonthChangeRow",
    "MonthLockRow",
    "MonthReasonRow",
    "MonthStandingRow",
    "PaidAnswerRow",
    "PatientLocationRow",
    "PatientRow",
    "PlanCopyRow",
    "PlanDraftRow",
    "PlanOutreachRow",
    "PlanReviewRow",
    "PlanTaskEndRow",
    "PlanTaskRow",
    "PlanVersionRow",
    "PracticeBillingRow",
    "PracticeRow",
    "PractitionerNameRow",
    "ReconciliationRow",
    "RecordedConsentRow",
    "RemittanceFileRow",
    "Row",
    "SignOffRow",
    "SigningKeyRow",
    "TerminologyAnswerRow",
    "TimeApprovalRow",
    "TimeEntryRow",
    "TimeLinkRow",
    "TimerPolicyRow",
    "TimerRow",
    "TimerStretchRow",
    "TokenGrantRow",
    "TradingPartnerRow",
    "TypedPolicyRow",
    "WebSessionRow",
    "WorkerLeaseRow",
    "WriteOverrideRow",
    "WriteProofRow",
]
