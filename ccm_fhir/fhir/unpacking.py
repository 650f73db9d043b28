"""Compressed bytes unpacked a little at a time, within bounds: what swells too far is refused."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ccm_fhir.errors import EhrFormatError

PIECE_BYTES = 64 * 1024
MOST_BYTES = 256 * 1024**3
MOST_SWELLING = 250  # FHIR in NDJSON packs some 10 to 40 times
_FREE_BYTES = 16 * 1024 * 1024  # before anybody asks how far it has swollen
_GZIP = b"\x1f\x8b"
_GZIP_BITS = 31
_READING = "reading a file of the export"


class BrokenOffError(Exception):
    """A compressed text ends before its end, or is none."""


@dataclass(slots=True)
class Unpacker:
    """One text as it arrives, packed with gzip or not, as its first two bytes say.

    ``taken`` counts the bytes that arrived, ``given`` those that came of them.
    """

    most_bytes: int = MOST_BYTES
    taken: int = 0
    given: int = 0
    _held: bytes = b""
    _is_known: bool = False
    _unpacking: zlib._Decompress | None = field(default=None)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to, at most ``PIECE_BYTES`` at a time.

        Raises:
            EhrFormatError: it is larger than may be, or swells too far.
            BrokenOffError: it is not what it began as.
        """
        self.taken += len(piece)
        if not self._is_known:
            piece, self._held = self._held + piece, b""
            if len(piece) < len(_GZIP):
                self._held = piece
                return
            self._is_known = True
            if piece.startswith(_GZIP):
                self._unpacking = zlib.decompressobj(_GZIP_BITS)
        yield from self._counted(piece)

    def finish(self) -> Iterator[bytes]:
        """Yield what is left at the end.

        Raises:
            BrokenOffError: more should have come.
        """
        if self._held:
            self.given += len(self._held)
            yield self._held
        while self._unpacking is not None and not self._unpacking.eof:
            left = self._unpacking.decompress(b"", PIECE_BYTES)
            if not left:
                raise BrokenOffError
            yield from self._bounded(left)

    def _counted(self, piece: bytes) -> Iterator[bytes]:
        for part in [piece] if self._unpacking is None else self._unpacked(piece):
            yield from self._bounded(part)

    def _bounded(self, part: bytes) -> Iterator[bytes]:
        self.given += len(part)
        if self.given > self.most_bytes:
            raise EhrFormatError(_READING, "it is larger than this client reads")
        if self.given > _FREE_BYTES and self.given > self.taken * MOST_SWELLING:
            raise EhrFormatError(_READING, f"it swells more than {MOST_SWELLING} times")
        if part:
            yield part

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            unpacking = self._unpacking
            if unpacking is None or unpacking.eof:  # another member follows, or padding
                piece = piece.lstrip(b"\0")
                if not piece:
                    return
                unpacking = self._unpacking = zlib.decompressobj(_GZIP_BITS)
            try:
                yield unpacking.decompress(piece, PIECE_BYTES)
            except zlib.error:
                raise BrokenOffError from None
            piece = unpacking.unconsumed_tail or unpacking.unused_data
