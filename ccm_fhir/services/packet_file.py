"""A packet as a file: the same content gives the same bytes, and every alteration shows.

``manifest.json`` names every other file with its SHA-256 and where the chains stood;
``manifest.hmac`` seals the manifest with a key of the installation, so that whoever has that key
can tell whether the manifest itself was made here.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

MANIFEST, SEAL = "manifest.json", "manifest.hmac"
FORMAT = "ccm-fhir audit packet 1"
_LARGEST_BYTES = 200_000_000
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say: no clock in the bytes
_PURPOSE = b"ccm-fhir audit packet\n"


class PackedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the packet."""

    name: str
    bytes: int
    sha256: str


class ChainHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a chain of hashes stood; its anchors, kept elsewhere, prove it later."""

    chain: str
    practice_id: str
    entries: int
    head: str
    at: datetime


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a packet holds, of which patient-month, and when it was made."""

    format: str
    practice_id: str
    patient_id: str
    month: str
    made_at: datetime
    printed_as: str
    files: tuple[PackedFile, ...]
    chains: tuple[ChainHead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketCheck:
    """What was found of a packet: ``problems`` is empty where nothing was altered.

    ``is_sealed`` is None where the seal could not be looked at: no key was given.
    """

    problems: tuple[str, ...]
    is_sealed: bool | None = None
    manifest: Manifest | None = None


def packed(name: str, content: bytes) -> PackedFile:
    """Return what the manifest says of a file."""
    return PackedFile(name=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def pack(files: Mapping[str, bytes], manifest: Manifest, key: bytes) -> bytes:
    """Return the ZIP; the files stand in the order of their names."""
    told = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=2)
    every = {**files, MANIFEST: told, SEAL: _seal(told, key).encode() + b"\n"}
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(every):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, every[name])
    return kept.getvalue()


def check(content: bytes, key: bytes | None = None) -> PacketCheck:
    """Hold every file against the manifest, and the manifest against its seal."""
    try:
        files = _opened(content)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError):
        return PacketCheck(problems=("It is no ZIP file, or it is damaged or cut off.",))
    if isinstance(files, str):
        return PacketCheck(problems=(files,))
    told = files.get(MANIFEST)
    if told is None:
        return PacketCheck(problems=(f"{MANIFEST} is missing.",))
    try:
        manifest = msgspec.json.decode(told, type=Manifest)
    except msgspec.MsgspecError:
        return PacketCheck(problems=(f"{MANIFEST} cannot be read.",))
    problems = _differences(files, manifest)
    is_sealed = None if key is None else _is_sealed(files, key)
    if is_sealed is False:
        problems.append(f"{MANIFEST} does not bear this installation’s seal.")
    return PacketCheck(problems=tuple(problems), is_sealed=is_sealed, manifest=manifest)


def _opened(content: bytes) -> dict[str, bytes] | str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            return "A file is in it twice."
        if sum(info.file_size for info in infos) > _LARGEST_BYTES:
            return "It is larger than any packet of ours."
        return {name: archive.read(name) for name in names}


def _differences(files: Mapping[str, bytes], manifest: Manifest) -> list[str]:
    named = {one.name: one for one in manifest.files}
    found = [f"{name} is missing." for name in sorted(named.keys() - files.keys())]
    extra = files.keys() - named.keys() - {MANIFEST, SEAL}
    found += [f"{name} does not belong to it." for name in sorted(extra)]
    found += [
        f"{name} was altered."
        for name, one in sorted(named.items())
        if name in files and packed(name, files[name]) != one
    ]
    return found


def _is_sealed(files: Mapping[str, bytes], key: bytes) -> bool:
    given = files.get(SEAL, b"").strip()
    return hmac.compare_digest(given, _seal(files[MANIFEST], key).encode())


def _seal(manifest: bytes, key: bytes) -> str:
    return hmac.new(key, _PURPOSE + manifest, hashlib.sha256).hexdigest()
