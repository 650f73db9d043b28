"""The copy's PDF against the rules of PDF/UA-1 (ISO 14289-1) that a program can check."""

from __future__ import annotations

import itertools
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from ccm_fhir.domain.codes import Role
from smart_app.views.pdf import can_make_pdf
from tests.builders import chart, medication
from tests.smart_app.front import open_front
from tests.smart_app.test_plan_page import adopted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not can_make_pdf(), reason="until the extra pdf is installed, there is no PDF"
)
TITLES = {"en": "My care plan", "es": "Mi plan de cuidado"}
BLOCKS = {"/P", "/H1", "/H2", "/L", "/LI", "/LBody", "/Lbl", "/Span", "/Sect", "/Part"}
SHOWS_TEXT = {b"Tj", b"TJ", b"'", b'"'}


@pytest.fixture(scope="module", params=list(TITLES))
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, PdfReader]]:
    """Yield a language and the copy of a whole plan in it."""
    folder: Path = tmp_path_factory.mktemp("copy")
    facts = chart(care_plans=(), medications=(medication(text="Metformin 500 mg"),))
    front = open_front(folder, facts)
    nurse = adopted(front.sign_in(Role.CARE_MANAGER))
    answer = nurse.get(f"{nurse.path}/plan/copy/pdf?language={request.param}")
    yield request.param, PdfReader(BytesIO(answer.content))
    front.world.db.close()


def elements(one: Any) -> Iterator[Any]:  # noqa: ANN401  # a PDF object
    """Yield every structure element, in reading order."""
    whole = one.get_object()
    if not isinstance(whole, dict):
        return
    if "/S" in whole:
        yield whole
    inner = whole.get("/K")
    if inner is None:
        return
    held = inner.get_object()
    for each in held if isinstance(held, list) else [held]:
        yield from elements(each)


def tags(read: PdfReader) -> list[str]:
    return [str(one["/S"]) for one in elements(read.root_object["/StructTreeRoot"])]


def test_it_says_that_it_is_tagged_and_which_standard_it_follows(
    made: tuple[str, PdfReader],
) -> None:
    _, read = made
    root: Any = read.root_object

    assert root["/MarkInfo"]["/Marked"]
    assert not root["/MarkInfo"].get("/Suspects")
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_object().get_data()


def test_it_has_a_language_and_a_title_that_a_reader_shows(made: tuple[str, PdfReader]) -> None:
    language, read = made
    root: Any = read.root_object
    metadata = root["/Metadata"].get_object().get_data().decode()

    assert str(root["/Lang"]) == language
    assert read.metadata is not None
    assert read.metadata.title == TITLES[language]
    assert re.search(rf"<dc:title>.*{TITLES[language]}.*</dc:title>", metadata)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_headings_begin_with_one_and_skip_no_level(made: tuple[str, PdfReader]) -> None:
    headings = [int(tag[2:]) for tag in tags(made[1]) if re.fullmatch(r"/H\d", tag)]

    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert len(headings) > 5


def test_lists_are_lists_with_items_that_have_bodies(made: tuple[str, PdfReader]) -> None:
    found = tags(made[1])

    assert set(found) >= BLOCKS
    for one in elements(made[1].root_object["/StructTreeRoot"]):
        if one["/S"] == "/L":
            held = one["/K"].get_object()
            kinds = {str(each.get_object()["/S"]) for each in held}
            assert kinds <= {"/LI", "/Caption"}


def test_all_text_is_tagged_or_an_artifact(made: tuple[str, PdfReader]) -> None:
    _, read = made
    shown = 0
    for page in read.pages:
        marks: list[bool] = []
        stream: Any = ContentStream(page.get_contents(), read)
        for operands, operator in stream.operations:
            if operator in {b"BDC", b"BMC"}:
                is_artifact = operands[0] == "/Artifact"
                marks.append(is_artifact or (len(operands) > 1 and "/MCID" in operands[1]))
            elif operator == b"EMC":
                marks.pop()
            elif operator in SHOWS_TEXT:
                shown += 1
                assert any(marks)
        assert marks == []
    assert shown > 50


def test_pages_are_read_in_the_order_of_the_structure(made: tuple[str, PdfReader]) -> None:
    _, read = made
    parents: Any = read.root_object["/StructTreeRoot"]
    known = set(parents["/ParentTree"]["/Nums"][::2])

    pages: Any = read.pages
    for page in pages:
        assert page["/Tabs"] == "/S"
        assert page["/StructParents"] in known


def test_fonts_are_inside_and_their_letters_can_be_read_as_text(
    made: tuple[str, PdfReader],
) -> None:
    language, read = made
    for page in read.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            whole = font.get_object()
            assert "/ToUnicode" in whole
            (inner,) = whole["/DescendantFonts"]
            assert "FontFile" in str(list(inner.get_object()["/FontDescriptor"].get_object()))
    text = " ".join(page.extract_text() for page in read.pages)
    assert TITLES[language] in text
    assert "Metformin" in text


def test_pictures_have_words(made: tuple[str, PdfReader]) -> None:
    figures = [
        one for one in elements(made[1].root_object["/StructTreeRoot"]) if one["/S"] == "/Figure"
    ]

    assert all(one.get("/Alt") for one in figures)
