"""The walk of a month: see why a patient is eligible, work, sign, and find the Claim in the EHR."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from datetime import time as clock_time
from typing import Any

from fhir_fixtures.people.browser import Browser, Page, UnexpectedPageError
from fhir_fixtures.people.person import Person, Work

CARE_MANAGER = "prac-nora-carewell"
PRACTITIONER = "prac-amelia-signwell"
PATIENT = "pt-ready"
MINUTES = 22
Say = Callable[[str], None]


def walk(ehr: str, today: date, say: Say) -> str:
    """Do the walk, saying each step; return the reference of the Claim it ended with."""
    with Browser() as nurses, Browser() as doctors:
        nurse = Person(nurses, ehr, CARE_MANAGER)
        say("1. The care manager opens Rosa Ready's chart and launches the app inside it.")
        page = nurse.launch(PATIENT)
        _say_criteria(page, say)
        say(f"2. She records {MINUTES} minutes: a call with the patient.")
        page = nurse.record_time(
            page,
            Work(
                day=today,
                start=clock_time(9, 0),
                minutes=MINUTES,
                activity="patient_call",
                contact_mode="telephone",
                note="Home blood pressure readings reviewed; refill arranged.",
            ),
        )
        _say_headline(page, say)
        page = nurse.wait_until_delivered(page)
        _say_deliveries(page, say, "The time is in the EHR as")
        doctor = Person(doctors, ehr, PRACTITIONER)
        say("3. The billing physician launches the app, reads the month and signs it.")
        page = doctor.sign(doctor.launch(PATIENT))
        page = doctor.wait_until_delivered(page)
        _say_headline(page, say)
        return _find_claim(doctor, page, say)


def _find_claim(doctor: Person, page: Page, say: Say) -> str:
    claims = [ref for ref in _references(page) if ref.startswith("Claim/")]
    if not claims:
        raise UnexpectedPageError("the app names no Claim that the EHR has")
    say("4. The Claim has arrived in the EHR's record:")
    if not any(claims[0].removeprefix("Claim/") in text for text in _record_ids(doctor)):
        raise UnexpectedPageError("the EHR's record does not hold the Claim")
    shown = doctor.resource(claims[0])
    say(f"     {claims[0]}  ({shown.url})")
    _say_claim(shown.resource, say)
    return claims[0]


def _say_claim(claim: dict[str, Any], say: Say) -> None:
    for item in claim["item"]:
        code = item["productOrService"]["coding"][0]["code"]
        units = item.get("quantity", {}).get("value", 1)
        say(f"     It says: {code}, {units} unit(s), serviced on {item['servicedDate']},")
    total = claim["total"]
    say(f"     in total {total['value']:.2f} {total['currency']}, status {claim['status']}.")


def _record_ids(doctor: Person) -> list[str]:
    return doctor.record_in_the_ehr().links("/ehr/resource/Claim/")


def _say_criteria(page: Page, say: Say) -> None:
    for title, mark, reason in page.children("criterion", ".//h3", ".//span", ".//p"):
        say(f"     {mark:8} {title}: {reason}")
    _say_headline(page, say)


def _say_headline(page: Page, say: Say) -> None:
    for text in page.texts("headline"):
        say(f"     => {text}")


def _say_deliveries(page: Page, say: Say, words: str) -> None:
    references = ", ".join(_references(page))
    say(f"     {words} {references}.")


def _references(page: Page) -> list[str]:
    return [chip for _, chip in page.children("delivery", ".", ".//*[@class='chip']") if chip]
