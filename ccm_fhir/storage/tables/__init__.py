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
from ccm_fhir.storage.tables.base import Row
from ccm_fhir.storage.tables.chart import ChartSnapshotRow, PatientRow
from ccm_fhir.storage.tables.delivery import DeliveryEventRow, DeliveryRow
from ccm_fhir.storage.tables.ledger import (
    AttestationRow,
    AuditRow,
    ClaimRow,
    SignOffRow,
    TimeEntryRow,
)
from ccm_fhir.storage.tables.practice import FeeRow, PracticeRow
from ccm_fhir.storage.tables.timer import TimerPolicyRow, TimerRow, TimerStretchRow

__all__ = [
    "AppUserRow",
    "AttestationRow",
    "AuditRow",
    "ChartSnapshotRow",
    "ClaimRow",
    "DeliveryEventRow",
    "DeliveryRow",
    "EhrRow",
    "EmergencyAccessRow",
    "FeeRow",
    "LaunchAttemptRow",
    "LaunchRow",
    "PatientRow",
    "PracticeRow",
    "Row",
    "SignOffRow",
    "SigningKeyRow",
    "TimeEntryRow",
    "TimerPolicyRow",
    "TimerRow",
    "TimerStretchRow",
    "TokenGrantRow",
    "WebSessionRow",
]
