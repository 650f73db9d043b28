"""SNOMED CT codes outside the shipped map: the site's own terminology server, and a cache of it.

Asked when a chart has been read, within a few seconds and a number of codes; a judgement reads
the cache alone. Whatever fails leaves the code for review: a server is never required.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ccm_fhir.domain.codes import ICD10CM, SNOMED
from ccm_fhir.domain.conditions import ChronicTable, SiteAnswer
from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.errors import EhrFormatError, FhirError
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.translate import Placed, TerminologyServer, place
from ccm_fhir.services.installation import Installation, SiteTerminology
from ccm_fhir.storage import terminology_answers
from ccm_fhir.storage.terminology_answers import TerminologyAnswer

MOST_CODES = 30
BUDGET = timedelta(seconds=5)
FOUND_FOR, NOT_FOUND_FOR = timedelta(days=180), timedelta(days=14)
_CONCEPT = re.compile(r"[1-9]\d{5,17}\Z")  # SCTID: 6 to 18 digits


def ask_site(world: Installation, practice_id: str, chart: ChartFacts, now: datetime) -> None:
    """Ask the site's server for a chart's codes that nobody has placed yet, and keep the answers.

    Nothing is raised for the server's sake: what it does not answer in time stays for review.
    """
    site = world.terminology
    codes = _unplaced(chart, world.table) if site else ()
    if site is None or not codes:
        return
    with world.db.read(practice_id) as session:
        known = terminology_answers.of_codes(session, practice_id, site.base_url, codes)
    missing = [c for c in codes if c not in known or not known[c].is_current(now)]
    answers = tuple(_answers(world, site, missing[:MOST_CODES], now))
    if answers:
        with world.db.write(practice_id) as session:
            for answer in answers:
                terminology_answers.keep(session, practice_id, answer)


def table_for(world: Installation, practice_id: str, chart: ChartFacts) -> ChronicTable:
    """Return the tables with what the site's server has said of this chart's codes.

    An answer past its time still counts until a new one replaces it: a decision does not change
    because a clock ran out.
    """
    site = world.terminology
    codes = _unplaced(chart, world.table) if site else ()
    if site is None or not codes:
        return world.table
    with world.db.read(practice_id) as session:
        known = terminology_answers.of_codes(session, practice_id, site.base_url, codes)
    placed = {
        code: SiteAnswer(icd10cm=answer.icd10cm, family=answer.family)
        for code, answer in known.items()
        if answer.icd10cm or answer.family
    }
    return replace(world.table, site_answers=placed) if placed else world.table


def _answers(
    world: Installation, site: SiteTerminology, codes: list[str], now: datetime
) -> Iterator[TerminologyAnswer]:
    gate = world.open_gate(frozenset({Origin.of(site.base_url)}), site.allow_loopback_http)
    server = TerminologyServer(
        gate=gate, base_url=site.base_url, token=site.token, roots=site.roots
    )
    ends_at = world.clock() + BUDGET

    def seconds_left() -> float:
        return (ends_at - world.clock()).total_seconds()

    for code in codes:
        try:
            placed = place(server, code, seconds_left)
        except EhrFormatError:
            continue  # this answer is broken; the next may not be
        except FhirError:
            return  # it is down, slow, or does not let us in: asking on would only take time
        yield _answer(site, code, placed, now)


def _answer(site: SiteTerminology, code: str, placed: Placed, now: datetime) -> TerminologyAnswer:
    is_found = bool(placed.icd10cm or placed.family)
    return TerminologyAnswer(
        source=site.base_url,
        code=code,
        icd10cm=placed.icd10cm,
        family=placed.family,
        version=placed.version,
        fetched_at=now,
        expires_at=now + (FOUND_FOR if is_found else NOT_FOUND_FOR),
    )


def _unplaced(chart: ChartFacts, table: ChronicTable) -> tuple[str, ...]:
    """Return the SNOMED CT codes that decide a Condition and that the shipped map lacks."""
    return tuple(
        dict.fromkeys(
            coding.code
            for condition in chart.conditions
            if all(coding.system != ICD10CM for coding in condition.codings)
            for coding in condition.codings
            if coding.system == SNOMED
            and coding.code not in table.snomed
            and _CONCEPT.match(coding.code)
        )
    )
