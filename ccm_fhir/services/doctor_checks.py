"""What a doctor concludes from what was read: about clocks, scopes and each resource type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ccm_fhir.errors import CcmError, EhrUnreachableError
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.discovery import SmartConfiguration
from ccm_fhir.fhir.keys import ASSERTION_LIFE
from ccm_fhir.fhir.scopes import (
    DELIVERED_TYPES,
    delivery_scopes,
    granted_allows,
    parse_resource_scope,
)
from ccm_fhir.services.diagnosis import Check, CheckName, CheckState, ResourceAccess

_SYSTEM = "system"
_INTERACTION = {"c": "create", "r": "read", "s": "search-type"}
# Half of an assertion's life: past that, a slow answer is enough for it to have run out.
_MOST_SKEW_SECONDS = ASSERTION_LIFE.total_seconds() / 2
_NOTICED_SKEW_SECONDS = 30.0


def clock_check(now: datetime, served_at: datetime) -> Check:
    """Return whether two clocks agree well enough for what we sign to be believed."""
    skew = (now - served_at).total_seconds()
    direction = "ahead of" if skew > 0 else "behind"
    told = f"Our clock is {abs(skew):.0f} s {direction} the EHR's"
    if abs(skew) > _MOST_SKEW_SECONDS:
        return failed(
            CheckName.CLOCK,
            f"{told}: what we sign lives {ASSERTION_LIFE.total_seconds():.0f} s and would be "
            "refused. Set the clocks by NTP.",
        )
    if abs(skew) > _NOTICED_SKEW_SECONDS:
        return warned(CheckName.CLOCK, f"{told}. Set the clocks by NTP before it grows.")
    return ok(CheckName.CLOCK, f"Our clock and the EHR's agree within {abs(skew):.0f} s.")


def scopes_check(
    config: SmartConfiguration | None,
    granted: frozenset[str] | None,
    capability: Capability | None,
    written: Mapping[str, str],
) -> Check:
    """Return which of the scopes that we ask for are missing, and whether the EHR has them."""
    name = CheckName.SCOPES
    if config is None or granted is None:
        return skipped(name, "The plan below is as if no scope were granted.")
    missing = {
        name: "".join(letter for letter in letters if not _is_granted(granted, name, letter))
        for name, letters in _asked(config, written).items()
    }
    if not any(missing.values()):
        return ok(name, "Every scope that we ask for is granted.")
    wanted = {
        name: "".join(letter for letter in letters if _is_declared(capability, name, letter))
        for name, letters in missing.items()
    }
    if any(wanted.values()):
        return failed(
            name,
            f"Not granted, although the EHR declares what they are for: {_spelt(wanted)}. "
            "Ask its administrator for them.",
        )
    return warned(
        name,
        f"Not granted, and not declared by the EHR either: {_spelt(missing)}. "
        "What needs them is UNKNOWN, or goes on another rung.",
    )


def _asked(config: SmartConfiguration, written: Mapping[str, str]) -> dict[str, str]:
    """The letters that we ask for, by type; sorted."""
    asked: dict[str, set[str]] = {}
    for text in delivery_scopes(config.capabilities, written).split():
        scope = parse_resource_scope(text)
        if scope is not None:
            asked.setdefault(scope.resource_type, set()).update(scope.permissions & set("crs"))
    return {name: "".join(sorted(letters)) for name, letters in sorted(asked.items())}


def _spelt(letters_of: Mapping[str, str]) -> str:
    return ", ".join(
        f"{_SYSTEM}/{name}.{letters}" for name, letters in letters_of.items() if letters
    )


def _is_granted(granted: frozenset[str], resource_type: str, letter: str) -> bool:
    return granted_allows(granted, resource_type, letter, _SYSTEM)


def _is_declared(capability: Capability | None, resource_type: str, letter: str) -> bool:
    return capability is not None and capability.allows(resource_type, _INTERACTION[letter])


def resource_accesses(
    config: SmartConfiguration | None,
    granted: frozenset[str],
    capability: Capability | None,
    written: Mapping[str, str],
) -> tuple[ResourceAccess, ...]:
    """Return what can be read and created of each type that we ask for."""
    if capability is None:
        return ()
    shown = {**DELIVERED_TYPES, **written}
    names = _asked(config, shown) if config is not None else {}
    return tuple(_access(name, letters, granted, capability) for name, letters in names.items())


def _access(
    name: str, letters: str, granted: frozenset[str], capability: Capability
) -> ResourceAccess:
    undeclared = [each for each in letters if not _is_declared(capability, name, each)]
    ungranted = [each for each in letters if not _is_granted(granted, name, each)]
    stopped = {*undeclared, *ungranted}
    missing: list[str] = []
    if undeclared:
        missing.append(f"not declared: {', '.join(_INTERACTION[each] for each in undeclared)}")
    if ungranted:
        missing.append(f"not granted: {_SYSTEM}/{name}.{''.join(ungranted)}")
    return ResourceAccess(
        resource_type=name,
        is_readable=not stopped & {"r", "s"},
        is_creatable="c" in letters and "c" not in stopped,
        missing=tuple(missing),
    )


def ok(name: CheckName, sentence: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, state=CheckState.OK, sentence=sentence)


def warned(name: CheckName, sentence: str) -> Check:
    """Return a check that found what will matter sooner or later."""
    return Check(name=name, state=CheckState.WARNING, sentence=sentence)


def failed(name: CheckName, sentence: str) -> Check:
    """Return a check that found what must be put right first."""
    return Check(name=name, state=CheckState.FAILED, sentence=sentence)


def skipped(name: CheckName, consequence: str = "") -> Check:
    """Return a check that an earlier failure made impossible."""
    sentence = f"Not looked at: an earlier check must be put right first. {consequence}"
    return Check(name=name, state=CheckState.SKIPPED, sentence=sentence.rstrip())


def troubled(name: CheckName, problem: CcmError) -> Check:
    """Return a check that ended in an error: the EHR was silent, or did not do as it promised."""
    is_silent = isinstance(problem, EhrUnreachableError)
    state = CheckState.UNREACHABLE if is_silent else CheckState.FAILED
    text = str(problem)
    return Check(name=name, state=state, sentence=f"{text[0].upper()}{text[1:]}.")
