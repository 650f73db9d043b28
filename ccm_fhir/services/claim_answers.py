"""Reading the answers to claim files, matched to the register; what is not ours is told.

A 999 says whether a file was understood, a 277CA of each claim whether the payer took it. A file
is taken over whole or not at all, and once: the same file again changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import CLAIM_NUMBER_LENGTH
from ccm_fhir.errors import X12FileError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import claim_answers, claim_files
from ccm_fhir.storage.claim_answers import ClaimAnswer, NewAnswerFile
from ccm_fhir.storage.claim_files import Filed
from ccm_fhir.storage.vocabulary import AnswerKind, FilingVerdict
from ccm_fhir.x12.acknowledgement import GroupAnswer, read_acknowledgements
from ccm_fhir.x12.claim_status import StatusAnswer, Taken, read_claim_statuses
from ccm_fhir.x12.segments import TransactionSet, read_sets, text_of

_MOST_CODES = 20
_CODE = re.compile(r"[A-Z0-9]{1,10}")
_OUR_NUMBER = re.compile(rf"[A-Z2-7]{{{CLAIM_NUMBER_LENGTH}}}")
_ACCEPTED, _PARTLY = frozenset({"A", "E"}), "P"
_VERDICTS = {
    Taken.TAKEN: FilingVerdict.TAKEN,
    Taken.REFUSED: FilingVerdict.REFUSED,
    Taken.UNKNOWN: FilingVerdict.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """An answer that is about nothing of ours: its place among the file's, and why.

    ``number`` is told only where it has the form of our claim numbers: another's may be a
    patient's.
    """

    place: int
    why: str
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRead:
    """What an answer file came to; counts are of claims. ``is_repeated``: nothing was changed."""

    kind: AnswerKind
    is_repeated: bool
    taken: int
    refused: int
    unknown: int
    unmatched: tuple[Unmatched, ...]


@dataclass(slots=True)
class _Reading:
    """What was found in a file so far."""

    answers: list[ClaimAnswer] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)

    def miss(self, place: int, why: str, number: str = "") -> None:
        told = number if _OUR_NUMBER.fullmatch(number) else ""
        self.unmatched.append(Unmatched(place=place, why=why, number=told))

    def count(self, verdict: FilingVerdict) -> int:
        return len({one.filed_id for one in self.answers if one.verdict is verdict})


def read_answer(world: Installation, hand: SetupHand, content: bytes, now: datetime) -> AnswerRead:
    """Take over a 999 or a 277CA.

    Raises:
        X12FileError: it is cut off, is neither of the two, or is about nothing of this practice;
            nothing was changed.
    """
    text = text_of(content)
    kind = _kind(read_sets(text))
    sha256 = hashlib.sha256(content).hexdigest()
    with world.db.write(hand.practice_id) as session:
        reading = _READERS[kind](session, hand.practice_id, text)
        if not reading.answers:
            raise X12FileError(
                "nothing in it is about a claim file of this practice; see whether it is another's"
            )
        is_repeated = claim_answers.was_read(session, hand.practice_id, sha256)
        if not is_repeated:
            audit_act(world, session, hand, f"read_answer {kind.value}")
            new = NewAnswerFile(
                kind=kind,
                sha256=sha256,
                unmatched=len(reading.unmatched),
                user_id=hand.user_id,
                answers=tuple(reading.answers),
            )
            claim_answers.record(session, hand.practice_id, new, now)
    return AnswerRead(
        kind=kind,
        is_repeated=is_repeated,
        taken=reading.count(FilingVerdict.TAKEN),
        refused=reading.count(FilingVerdict.REFUSED),
        unknown=reading.count(FilingVerdict.UNKNOWN),
        unmatched=tuple(reading.unmatched),
    )


def _kind(sets: tuple[TransactionSet, ...]) -> AnswerKind:
    kinds = {one.kind for one in sets}
    if kinds == {"999"}:
        return AnswerKind.SYNTAX
    if kinds == {"277"}:
        return AnswerKind.CLAIMS
    if kinds == {"835"}:
        raise X12FileError("it is a remittance (835), which says what was paid, no acknowledgement")
    raise X12FileError("it holds neither acknowledgements (999) nor claim statuses (277CA) alone")


# --- 999 ----------------------------------------------------------------------------------------


def _syntax(session: Session, practice_id: str, text: str) -> _Reading:
    reading = _Reading()
    pairs = zip(read_sets(text), read_acknowledgements(text), strict=True)
    for place, (told, group) in enumerate(pairs, start=1):
        filed = _of_group(session, practice_id, group, told.receiver)
        if not filed:
            reading.miss(place, "no file of ours has this control number and this sender")
        reading.answers += _of_sets(group, filed)
    return reading


def _of_group(
    session: Session, practice_id: str, group: GroupAnswer, receiver: str
) -> tuple[Filed, ...]:
    """Return the claims of the file that a group's answer speaks of, if it is addressed to us."""
    number = _number(group.control)
    file = claim_files.find_by_number(session, practice_id, number)
    if file is None or file.submitter_id.upper() != receiver.upper():
        return ()
    ours = range(file.first_set_control, file.last_set_control + 1)
    if not all(_number(one.control) in ours for one in group.sets):
        return ()
    return claim_files.filed_in(session, practice_id, file.id)


def _of_sets(group: GroupAnswer, filed: tuple[Filed, ...]) -> Iterator[ClaimAnswer]:
    told = {_number(one.control): one for one in group.sets}
    for one in filed:
        answer = told.get(one.set_control)
        if answer is None:
            verdict, codes = _group_verdict(group), group.code
        else:
            verdict = FilingVerdict.TAKEN if answer.is_accepted else FilingVerdict.REFUSED
            errors = (
                f"{_plain(e.segment)}/{e.position}/{_plain(e.element)}:{_plain(e.code)}"
                for e in answer.errors[:_MOST_CODES]
            )
            codes = " ".join((_plain(answer.code), *errors))
        yield ClaimAnswer(
            filed_id=one.id, kind=AnswerKind.SYNTAX, verdict=verdict, codes=_shown(codes)
        )


def _group_verdict(group: GroupAnswer) -> FilingVerdict:
    """Return what a group's answer says of a set that it does not name."""
    if group.code in _ACCEPTED or (group.code == _PARTLY and group.sets):
        return FilingVerdict.TAKEN  # of what was taken whole, a 999 need not speak
    return FilingVerdict.UNKNOWN if group.code == _PARTLY else FilingVerdict.REFUSED


# --- 277CA --------------------------------------------------------------------------------------


def _statuses(session: Session, practice_id: str, text: str) -> _Reading:
    every = read_claim_statuses(text)
    numbers = {one.trace for one in every if one.level == "claim"}
    filed = claim_files.filed_under(session, practice_id, numbers)
    by_number: dict[str, tuple[Filed, ...]] = {}
    for one in filed:
        by_number[one.claim_number] = (*by_number.get(one.claim_number, ()), one)
    reading, batch = _Reading(), 0
    for place, answer in enumerate(every, start=1):
        if answer.level == "receiver":
            batch = _number(answer.trace)
        if answer.level == "claim":
            _of_claim(reading, place, answer, by_number.get(answer.trace, ()), batch)
    receivers = {one.receiver.upper() for one in read_sets(text)}
    _of_batches(session, practice_id, every, receivers, reading)
    return reading


def _of_claim(
    reading: _Reading, place: int, answer: StatusAnswer, filed: tuple[Filed, ...], batch: int
) -> None:
    if not filed:
        reading.miss(place, "no claim of ours has this number", answer.trace)
        return
    of_batch = [one for one in filed if one.set_control == batch]
    reading.answers.append(_status((of_batch or filed)[-1], answer, _VERDICTS[answer.taken]))


def _of_batches(
    session: Session,
    practice_id: str,
    every: tuple[StatusAnswer, ...],
    receivers: set[str],
    reading: _Reading,
) -> None:
    """Note what was said above the claims: a batch refused as a whole has no claim below it."""
    batch, answered = 0, {one.filed_id for one in reading.answers}
    for answer in every:
        if answer.level == "receiver":
            batch = _number(answer.trace)
        if answer.level == "claim" or answer.taken is Taken.TAKEN:
            continue
        is_whole = answer.level == "receiver" and answer.taken is Taken.REFUSED
        verdict = FilingVerdict.REFUSED if is_whole else FilingVerdict.UNKNOWN
        for one in _of_batch(session, practice_id, batch, receivers):
            if one.id not in answered:
                reading.answers.append(_status(one, answer, verdict))


def _of_batch(
    session: Session, practice_id: str, batch: int, receivers: set[str]
) -> tuple[Filed, ...]:
    """Return the claims of a set of ours, if the answer is addressed to who sent it."""
    filed = claim_files.filed_in_sets(session, practice_id, [batch])
    file = claim_files.get(session, practice_id, filed[0].file_id) if filed else None
    return filed if file is not None and file.submitter_id.upper() in receivers else ()


def _status(filed: Filed, answer: StatusAnswer, verdict: FilingVerdict) -> ClaimAnswer:
    codes = (
        ":".join(_plain(part) for part in (one.category, one.status, one.entity) if part)
        for one in answer.codes[:_MOST_CODES]
    )
    return ClaimAnswer(
        filed_id=filed.id,
        kind=AnswerKind.CLAIMS,
        verdict=verdict,
        codes=_shown(" ".join(codes)),
        payer_control_number=answer.payer_control_number,
    )


def _number(control: str) -> int:
    """Return a control number; 0, which none of ours has, where it is no number."""
    return int(control) if control.isascii() and control.isdigit() else 0


def _plain(code: str) -> str:
    """Return a code; a question mark for what has no code's form and could be anything."""
    return code if _CODE.fullmatch(code) else "?" if code else ""


def _shown(codes: str) -> str:
    return " ".join(codes.split())


_READERS: Mapping[AnswerKind, Callable[[Session, str, str], _Reading]] = {
    AnswerKind.SYNTAX: _syntax,
    AnswerKind.CLAIMS: _statuses,
}
