"""What an EHR, or somebody in its place, may send to hurt: it ends as an error, small and soon."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.errors import FhirError
from ccm_fhir.fhir.capability import parse_capability
from ccm_fhir.fhir.discovery import preview
from ccm_fhir.fhir.outcomes import WriteKind
from tests.fhir.far_side import BASE, FarSide, bundle
from tests.parts import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1024 * 1024


class Chunks(httpx2.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body


def answered(body: bytes, encoding: str = "", kind: str = "application/fhir+json") -> FarSide:
    headers = {"Content-Type": kind} | ({"Content-Encoding": encoding} if encoding else {})
    return FarSide(lambda _: httpx2.Response(200, headers=headers, stream=Chunks(body)))


ZEROS = b"0" * (200 * MEGABYTE)
BOMBS = {
    "gzip": (gzip.compress(ZEROS, 9), "gzip"),
    "deflate": (zlib.compress(ZEROS, 9), "deflate"),
    "gzip in gzip": (gzip.compress(gzip.compress(ZEROS, 9), 9), "gzip, gzip"),
    "no compression": (b"0" * (40 * MEGABYTE), ""),
}
del ZEROS


@pytest.mark.proves("S17")
@pytest.mark.parametrize(("body", "encoding"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_given_up_at_the_limit(body: bytes, encoding: str) -> None:
    tracemalloc.start()
    with pytest.raises(FhirError):
        answered(body, encoding).client().read("Condition", "c1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 120 * MEGABYTE  # of 200; the limit is 32, and a chunk and a copy come on top


XXE = b"""<?xml version="1.0"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<Condition xmlns="http://hl7.org/fhir"><id value="c1"/><text value="&x;"/></Condition>"""
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<Condition xmlns="http://hl7.org/fhir"><id value="&b;"/></Condition>"""
BODIES: dict[str, tuple[bytes, str]] = {
    "XML with an outside entity": (XXE, "application/fhir+xml"),
    "XML that says it is JSON": (XXE, "application/fhir+json"),
    "XML that grows": (LAUGHS, "application/xml"),
    "HTML": (b"<html><script>alert(1)</script>", "text/html"),
    "very deep lists": (b"[" * 200_000, "application/fhir+json"),
    "very deep objects": (b'{"a":' * 200_000, "application/fhir+json"),
    "half a character": (b'{"resourceType":"Condition","id":"c\xc3', "application/fhir+json"),
    "UTF-16": ('{"resourceType":"Condition","id":"c1"}'.encode("utf-16"), "application/fhir+json"),
    "nothing": (b"", "application/fhir+json"),
    "a number without end": (b'{"v":' + b"9" * 100_000 + b"}", "application/fhir+json"),
    "not a number": (b'{"resourceType":"Condition","id":NaN}', "application/fhir+json"),
    "Python's own notation": (b"{'resourceType': 'Condition'}", "application/fhir+json"),
}


@pytest.mark.proves("S17", "S18")
@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES)
def test_what_is_no_fhir_json_is_an_error_that_repeats_nothing(body: bytes, kind: str) -> None:
    with pytest.raises(FhirError) as caught:
        answered(body, kind=kind).client().read("Condition", "c1")

    assert "alert" not in str(caught.value)
    assert "passwd" not in str(caught.value)


@pytest.mark.proves("S17")
@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES)
def test_the_same_as_a_page_of_a_search_is_an_error_too(body: bytes, kind: str) -> None:
    with pytest.raises(FhirError):
        answered(body, kind=kind).client().search("Condition", {"patient": "p"})


@pytest.mark.proves("S17")
def test_a_deep_resource_among_others_spoils_itself_alone() -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = {"a": deep}
    honest = {"resourceType": "Condition", "id": "c1"}
    body = json.dumps(bundle(honest, {**honest, "id": "c2", "extension": [deep]})).encode()

    found = answered(body).client().search("Condition", {"patient": "p"})

    assert "c1" in [resource.id for resource in found]


@pytest.mark.proves("S17")
@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000])
def test_a_deep_answer_to_a_write_leaves_it_uncertain_and_breaks_nothing(body: bytes) -> None:
    outcome = answered(body).client().create({"resourceType": "Claim"})

    assert outcome.kind is WriteKind.UNCERTAIN


@pytest.mark.proves("S17")
def test_a_deep_discovery_and_a_deep_statement_are_errors() -> None:
    deep = b'{"a":' * 200_000

    with pytest.raises(FhirError):
        preview(answered(deep).gate(), BASE)
    with pytest.raises(FhirError):
        parse_capability(deep)


PARSERS = re.compile(r"^(lxml|defusedxml|xmltodict|beautifulsoup4|html5lib)==", re.MULTILINE)


@pytest.mark.proves("S18")
def test_the_product_installs_and_loads_no_xml_parser() -> None:
    # The models of FHIR load lxml where it is installed; the sandbox installs it, the app not.
    script = (
        "import sys; sys.modules['lxml'] = None;"
        "import smart_app.main, ccm_fhir.cli, ccm_fhir.wiring, ccm_fhir.fhir.check;"
        "print([n for n in sys.modules if n in"
        " {'xml.sax', 'xml.dom', 'xml.dom.minidom', 'xml.etree.ElementTree', 'pyexpat'}])"
    )

    ran = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
    lock = (ROOT / "requirements" / "app.lock").read_text(encoding="utf-8")
    assert PARSERS.findall(lock) in ([], ["html5lib"])
