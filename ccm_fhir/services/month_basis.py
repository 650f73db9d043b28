"""By what a month is judged now: the law, the condition tables, the code, and the filing days.

A stored answer of another basis is not an answer any more. What a person recorded is no part of
it: that is watched in the database.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import date
from functools import cache
from importlib import resources

import msgspec

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import RuleError
from ccm_fhir.services.installation import Installation

_CODE = ("ccm_fhir.domain", "ccm_fhir.services")
_ENCODER = msgspec.json.Encoder(order="deterministic", enc_hook=str)


def basis_of(world: Installation, month: ServiceMonth, today: date) -> str:
    """Return the name of what a month is judged by on a day; equal names give equal answers."""
    parts = (
        _code(),
        _law(world.rulebook),
        world.table.version,
        str(world.table.assume_icd10_is_cm),
        "" if world.terminology is None else world.terminology.base_url,
        _filing(world.rulebook, month, today),
        # A claim is not signed before its date of service, which may be the month's last day.
        "over" if today >= month.last_day else "running",
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _filing(rulebook: Rulebook, month: ServiceMonth, today: date) -> str:
    """Return "open" or "over" where the day cannot matter to the time limit, else the day."""
    try:
        claim = rulebook.of_month(month).claim
    except RuleError:
        return "no rules"
    if claim is None:
        return "no limit"
    years = claim.timely_filing_years
    if today <= month.first_day.replace(year=month.year + years):
        return "open"
    after = month.next().first_day
    return "over" if today > after.replace(year=after.year + years) else today.isoformat()


def _law(rulebook: Rulebook) -> str:
    told = {f.name: getattr(rulebook, f.name) for f in fields(rulebook) if f.init}
    return hashlib.sha256(_ENCODER.encode(told)).hexdigest()


@cache
def _code() -> str:
    """Return a digest of the modules that judge, as they are installed."""
    digest = hashlib.sha256()
    for package in _CODE:
        folders = [resources.files(package)]
        while folders:
            for one in sorted(folders.pop().iterdir(), key=lambda found: found.name):
                if one.is_dir():
                    folders.append(one)
                elif one.name.endswith(".py"):
                    digest.update(one.name.encode() + one.read_bytes())
    return digest.hexdigest()
