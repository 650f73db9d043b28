"""Packed bytes come out as they went in, however they arrive, and never more than they may."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import EhrFormatError
from ccm_fhir.fhir.unpacking import PIECE_BYTES, BrokenOffError, Unpacker
from ccm_fhir.population.lines import lines_within

TEXTS = st.binary(max_size=3000).filter(lambda text: not text.startswith(b"\x1f\x8b"))


def cut(text: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    return [*pieces, text[start:]]


def unpacked(pieces: list[bytes], unpacker: Unpacker | None = None) -> bytes:
    used = unpacker or Unpacker()
    out = b"".join(part for piece in pieces for part in used.take(piece))
    return out + b"".join(used.finish())


@given(text=TEXTS, sizes=st.lists(st.integers(0, 900), max_size=6), is_packed=st.booleans())
def test_what_was_packed_or_not_comes_out_the_same_in_whatever_pieces(
    text: bytes, sizes: list[int], *, is_packed: bool
) -> None:
    sent = gzip.compress(text) if is_packed else text
    used = Unpacker()
    assert unpacked(cut(sent, sizes), used) == text
    assert used.given == len(text)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 5))
def test_members_that_follow_each_other_are_one_text_and_padding_is_none(
    texts: list[bytes], padding: int
) -> None:
    sent = b"".join(map(gzip.compress, texts)) + b"\0" * padding
    assert unpacked([sent]) == b"".join(texts)


@given(st.binary(min_size=200, max_size=3000), st.data())
def test_a_packed_text_that_breaks_off_is_never_taken_for_whole(
    text: bytes, data: st.DataObject
) -> None:
    sent = gzip.compress(text)
    length = data.draw(st.integers(2, len(sent) - 1))
    with pytest.raises(BrokenOffError):
        unpacked([sent[:length]])


def test_a_text_that_is_not_what_it_began_as_is_broken() -> None:
    with pytest.raises(BrokenOffError):
        unpacked([b"\x1f\x8bnonsense"])


@pytest.mark.proves("S17")
def test_a_bomb_is_refused_before_much_of_it_is_there_and_in_small_pieces() -> None:
    parts = Unpacker().take(gzip.compress(b"\0" * 200_000_000))
    came = list[int]()
    with pytest.raises(EhrFormatError, match="swells"):
        came.extend(len(part) for part in parts)
    assert max(came) <= PIECE_BYTES
    assert sum(came) < 60_000_000


@pytest.mark.proves("S16")
def test_more_than_may_be_is_refused() -> None:
    assert unpacked([b"x" * 100], Unpacker(most_bytes=100))
    with pytest.raises(EhrFormatError, match="larger"):
        unpacked([b"x" * 101], Unpacker(most_bytes=100))


@given(
    st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"")), max_size=20), st.data()
)
def test_lines_are_the_same_in_whatever_pieces_they_arrive(
    lines: list[bytes], data: st.DataObject
) -> None:
    text = b"".join(line + b"\n" for line in lines)
    sizes = data.draw(st.lists(st.integers(1, 40), max_size=30))
    pieces = [piece for piece in cut(text, sizes) if piece]
    wanted = text.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    if not any(b in text for b in (b"\r", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85")):
        assert list(lines_within(pieces)) == wanted
