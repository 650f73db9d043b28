"""Asks a site's own terminology server what a SNOMED CT concept is in ICD-10-CM.

FHIR R4 ``ConceptMap/$translate`` and ``CodeSystem/$subsumes``, by POST, so that no code stands
in an address that a proxy writes down. Only a translation that keeps the whole meaning is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx2
import msgspec

from ccm_fhir.domain.codes import ICD10CM, SNOMED, canonical_system
from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.gate import FHIR_JSON, OutgoingGate, translated
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.shapes import CodingShape, Shape

_TRANSLATING, _SUBSUMING = "translating a code", "placing a code"
# What is said of the target: as narrow as the concept, or wider. R4 calls it equivalence, R5
# relationship; "relatedto", "narrower" and "inexact" lose or add meaning and are not taken.
_KEEPS_MEANING = frozenset(
    {"equal", "equivalent", "wider", "subsumes", "source-is-narrower-than-target"}
)
_UNDER = frozenset({"subsumes", "equivalent"})
_UNKNOWN_CODE = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminologyServer:
    """One server as seen through the gate; ``roots`` maps SNOMED CT concepts to our families."""

    gate: OutgoingGate
    base_url: str
    token: str = field(default="", repr=False)
    roots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where the server puts a concept; both fields are empty where it puts it nowhere.

    ``version`` names the map that the server used, where it says so.
    """

    icd10cm: str = ""
    family: str = ""
    version: str = ""


class _Part(Shape, frozen=True, kw_only=True):
    name: str | None = None
    value_code: str | None = None
    value_coding: CodingShape | None = None
    value_uri: str | None = None
    value_canonical: str | None = None


class _Parameter(Shape, frozen=True, kw_only=True):
    name: str | None = None
    value_boolean: bool | None = None
    value_code: str | None = None
    part: list[_Part] | None = None


class _Parameters(Shape, frozen=True, kw_only=True):
    resource_type: str | None = None
    parameter: list[_Parameter] | None = None


_decode = msgspec.json.Decoder(_Parameters).decode


def place(server: TerminologyServer, code: str, seconds_left: Callable[[], float]) -> Placed:
    """Return where a server puts a SNOMED CT concept: by translation, else under one root.

    Args:
        server: whom to ask.
        code: the concept's id.
        seconds_left: asked before each request; at none left nothing more is sent.

    Raises:
        EhrUnreachableError: no answer, or no time left.
        EhrFormatError, ForbiddenOriginError: as the gate says.
        EhrHttpError: a status that does not mean "no such code", such as 401 or 503.
    """
    found = _translate(server, code, seconds_left)
    if found.icd10cm or not server.roots:
        return found
    families = {
        family
        for root, family in server.roots.items()
        if _is_under(server, root, code, seconds_left)
    }
    return Placed(family=families.pop()) if len(families) == 1 else found


def _translate(server: TerminologyServer, code: str, seconds_left: Callable[[], float]) -> Placed:
    answer = _post(
        server,
        "ConceptMap/$translate",
        {"system": ("uri", SNOMED), "code": ("code", code), "targetsystem": ("uri", ICD10CM)},
        _TRANSLATING,
        seconds_left,
    )
    matches = [p for p in answer.parameter or () if p.name == "match"] if answer else []
    taken = {found for match in matches if (found := _code_of(match))}
    if len(taken) != 1:  # several codes are several meanings: a person chooses
        return Placed()
    return Placed(icd10cm=taken.pop(), version=_map_of(matches))


def _code_of(match: _Parameter) -> str:
    """Return the ICD-10-CM code of a match that keeps the concept's meaning; else nothing."""
    parts = {part.name: part for part in match.part or ()}
    relation = parts.get("equivalence") or parts.get("relationship")
    concept = parts.get("concept")
    coding = concept.value_coding if concept else None
    keeps = relation is not None and relation.value_code in _KEEPS_MEANING
    if not keeps or coding is None or canonical_system(coding.system) != ICD10CM:
        return ""
    return (coding.code or "").strip().upper()


def _map_of(matches: list[_Parameter]) -> str:
    for match in matches:
        for part in match.part or ():
            if part.name in {"source", "originMap"}:
                return part.value_uri or part.value_canonical or ""
    return ""


def _is_under(
    server: TerminologyServer, root: str, code: str, seconds_left: Callable[[], float]
) -> bool:
    answer = _post(
        server,
        "CodeSystem/$subsumes",
        {"system": ("uri", SNOMED), "codeA": ("code", root), "codeB": ("code", code)},
        _SUBSUMING,
        seconds_left,
    )
    said = answer.parameter or () if answer else ()
    return any(p.name == "outcome" and p.value_code in _UNDER for p in said)


def _post(
    server: TerminologyServer,
    operation: str,
    parameters: Mapping[str, tuple[str, str]],
    what: str,
    seconds_left: Callable[[], float],
) -> _Parameters | None:
    """Return the answer's Parameters; None where the server does not know the code or the map."""
    seconds = seconds_left()
    if seconds <= 0:
        raise EhrUnreachableError(what)
    headers = {"Content-Type": FHIR_JSON}
    if server.token:
        headers["Authorization"] = f"Bearer {server.token}"
    with translated(what), server.gate.client() as client:
        answer = client.post(
            f"{server.base_url.rstrip('/')}/{operation}",
            content=to_bytes(_body(parameters)),
            headers=headers,
            timeout=httpx2.Timeout(seconds),
        )
    if answer.status_code in _UNKNOWN_CODE:
        return None
    if answer.status_code != HTTPStatus.OK:
        raise EhrHttpError(what, answer.status_code)
    try:
        read = _decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(what, "it is not FHIR Parameters") from None
    if read.resource_type != "Parameters":
        raise EhrFormatError(what, "it is not FHIR Parameters")
    return read


def _body(parameters: Mapping[str, tuple[str, str]]) -> Json:
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": name, f"value{kind.capitalize()}": value}
            for name, (kind, value) in parameters.items()
        ],
    }
