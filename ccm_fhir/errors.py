"""The one tree of errors: a class for each thing a caller can act on.

Messages are built by the class from typed fields and never hold a patient's name, date of
birth, record number, a URL with a query, or a payload.
"""

from __future__ import annotations

from datetime import date


class CcmError(Exception):
    """Something the caller must act on."""


class InputError(CcmError):
    """A value given by a person or a file cannot be used; names the field, never the patient."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class RuleError(CcmError):
    """The rulebook cannot answer."""


class NoRuleInForceError(RuleError):
    """No version of a rule covers the date; the neighbour's value is never borrowed."""

    def __init__(self, rule: str, on: date) -> None:
        self.rule = rule
        self.on = on
        super().__init__(f"no version of rule {rule} is in force on {on.isoformat()}")


class RuleTableMissingError(RuleError):
    """The date lies past the last loaded rule tables."""

    def __init__(self, on: date, loaded_until: date) -> None:
        self.on = on
        self.loaded_until = loaded_until
        super().__init__(
            f"the rulebook is loaded until {loaded_until.isoformat()}; "
            f"load the CY{on.year} Physician Fee Schedule rules before deciding {on:%Y-%m}"
        )


class PriceTableMissingError(RuleError):
    """Two families qualify, the higher is wanted, and no prices are loaded to say which it is."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"practice_choice.family highest_allowed compares amounts, and the CY{year} "
            "Physician Fee Schedule table is not loaded; load it with ccm-fhir fees load"
        )


class RuleDataError(RuleError):
    """A rule file breaks its own schema."""

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"rule file {file}: {problem}")


class FeeFileError(RuleError):
    """A fee schedule file cannot be taken over; nothing was changed.

    Names the row as a spreadsheet numbers it and the column by its caption, never a cell's text.
    """

    def __init__(
        self, file: str, problem: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        self.file = file
        self.problem = problem
        self.row = row
        self.column = column
        place = ", ".join(
            part
            for part in (file, f"row {row}" if row else "", f"column {column}" if column else "")
            if part
        )
        super().__init__(f"{place}: {problem}")


class TerminologyFileError(CcmError):
    """A terminology file cannot be taken over; nothing was written.

    Names the row as an editor numbers it, never its text, which may be somebody's copyright.
    """

    def __init__(self, file: str, problem: str, *, row: int | None = None) -> None:
        self.file = file
        self.problem = problem
        self.row = row
        super().__init__(f"{file}{f', row {row}' if row else ''}: {problem}")


class X12FileError(CcmError):
    """An X12 file cannot be taken over; nothing of it was.

    Names the segment as counted from the file's first, and the element, never their text.
    """

    def __init__(self, problem: str, *, segment: int | None = None, name: str = "") -> None:
        self.problem = problem
        self.segment = segment
        self.name = name
        place = f"segment {segment}{f' ({name})' if name else ''}: " if segment else ""
        super().__init__(f"the X12 file was not taken over: {place}{problem}")


class FhirError(CcmError):
    """An EHR did not do what FHIR or SMART promises."""


class EhrUnreachableError(FhirError):
    """No answer at all: connection refused, reset or timed out."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the EHR did not answer while {what}")


class EhrPausedError(FhirError):
    """The EHR is left alone for a while, since it asked for that or gave no answer; not asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the EHR is left alone for {max(1, round(seconds))} more seconds")


class EhrHttpError(FhirError):
    """The EHR answered, but not with what was asked; holds the status, never the body."""

    def __init__(self, what: str, status: int, *, outcome_code: str | None = None) -> None:
        self.what = what
        self.status = status
        self.outcome_code = outcome_code
        detail = f" ({outcome_code})" if outcome_code else ""
        super().__init__(f"the EHR answered {status}{detail} while {what}")


class EhrFormatError(FhirError):
    """The EHR answered with something that is not the JSON it promised (HTML, truncated …)."""

    def __init__(self, what: str, problem: str) -> None:
        self.what = what
        self.problem = problem
        super().__init__(f"the EHR's answer while {what} cannot be read: {problem}")


class ExportGoneError(FhirError):
    """A bulk export is no longer there, or changed while it was read: it must be begun anew."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the EHR no longer has the export ({what})")


class ExportFailedError(FhirError):
    """A bulk export cannot be finished: the EHR gave it up, or what it gave is not what it says."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"the EHR's export failed: {problem}")


class ScopeMissingError(FhirError):
    """The granted scopes do not allow the request; names the scope that would."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"the EHR granted no scope for this; it needs {scope}")


class ForbiddenOriginError(FhirError):
    """A URL leaves the origins pinned for the EHR; nothing was sent."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"refused to send a request outside the EHR's pinned origins ({what})")


class InvalidResourceError(FhirError):
    """A resource we built breaks FHIR R4; it was not sent."""

    def __init__(self, resource_type: str, problems: tuple[str, ...]) -> None:
        self.resource_type = resource_type
        self.problems = problems
        super().__init__(f"{resource_type} is not valid FHIR R4: " + "; ".join(problems))


class LaunchError(CcmError):
    """A SMART launch cannot go on; ``reason`` is one of a closed set the pages explain."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"launch refused: {reason}" + (f" ({detail})" if detail else ""))


class SignatureError(CcmError):
    """A signed token does not prove what it says; names the check that failed, no value."""

    def __init__(self, check: str) -> None:
        self.check = check
        super().__init__(f"a signed token was refused ({check})")


class HookError(CcmError):
    """A CDS Hooks call is refused; ``reason`` is one of a closed set, ``detail`` holds no value."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"hook call refused: {reason}" + (f" ({detail})" if detail else ""))


class NotAllowedError(CcmError):
    """The person's role may not do this."""

    def __init__(self, act: str, needed: str) -> None:
        self.act = act
        self.needed = needed
        super().__init__(f"{act} is for the {needed}")


class NotFoundError(CcmError):
    """Nothing of that id in this practice (the same answer as for an id that never was)."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"no such {what}")


class ConflictError(CcmError):
    """The act clashes with what is already recorded; nothing was changed."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class ConfigurationError(CcmError):
    """The installation is set up in a way that must not run."""

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting}: {problem}")


class DatabaseUnreachableError(CcmError):
    """The database does not answer, or its file cannot be opened."""

    def __init__(self) -> None:
        super().__init__(
            "CCM_DATABASE_URL: the database does not answer, or its file cannot be opened; "
            "start it, or run: ccm-fhir migrate"
        )
