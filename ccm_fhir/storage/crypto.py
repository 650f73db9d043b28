"""Sealing of secrets at rest: AES-256-GCM, bound to the very field they stand in.

A sealed value that is moved to another row, field or practice cannot be opened there. Each
record names its key, so that keys can be rotated while old records stay readable.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ccm_fhir.errors import CcmError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES = 32
NONCE_BYTES = 12
_FORMAT = 1
_HEADER_BYTES = 2
_LONGEST_KEY_ID = 255
_STORAGE_PURPOSE = "storage"


class UnsealError(CcmError):
    """A sealed value cannot be opened: another key, another place, or altered bytes."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"a sealed value cannot be opened: {problem}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value stands; it can be opened nowhere else."""

    practice_id: str
    table: str
    row: str
    field: str

    @property
    def aad(self) -> bytes:
        """The place as authenticated data."""
        return f"{self.practice_id}|{self.table}|{self.row}|{self.field}".encode()


class Vault:
    """Seals with the current key and opens with any it holds."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        if current not in keys:
            raise ConfigurationError("encryption keys", "the current key is not among them")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ConfigurationError("encryption keys", f"every key must be {KEY_BYTES} bytes")
        if any(not 0 < len(name.encode()) <= _LONGEST_KEY_ID for name in keys):
            raise ConfigurationError("encryption keys", "a key's id must be 1 to 255 bytes")
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = current

    def __repr__(self) -> str:
        return f"<Vault of {len(self._ciphers)} keys>"

    def seal(self, plaintext: bytes, place: Place) -> bytes:
        """Return format, key id, nonce and ciphertext as one record."""
        key_id = self._current.encode()
        header = bytes((_FORMAT, len(key_id))) + key_id
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return header + nonce + cipher.encrypt(nonce, plaintext, header + place.aad)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Return the plaintext of a record that was sealed for this very place.

        Raises:
            UnsealError: the key is not here, or the record was altered or moved.
        """
        header, rest = _split(sealed)
        cipher = self._ciphers.get(_key_id(header))
        if cipher is None:
            raise UnsealError("its key is not configured")
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, header + place.aad)
        except (InvalidTag, ValueError):
            raise UnsealError("it was altered or belongs to another place") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether a record is sealed with the current key, or should be sealed anew."""
        return _key_id(_split(sealed)[0]) == self._current


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret as it rests in a record; opened only where it is used."""

    place: Place
    sealed: bytes = field(repr=False)

    def open(self, vault: Vault) -> str:
        """Return the secret."""
        return vault.open(self.sealed, self.place).decode()


def vault_from(masters: Mapping[str, bytes], current: str) -> Vault:
    """Return the storage vault of an installation's master secrets, by key id."""
    return Vault(
        {name: derive_key(key, _STORAGE_PURPOSE) for name, key in masters.items()}, current
    )


def derive_key(master: bytes, purpose: str) -> bytes:
    """Return the key of one purpose from a master secret (HKDF-SHA256); purposes never mix."""
    if len(master) < KEY_BYTES:
        raise ConfigurationError("secret key", f"must be at least {KEY_BYTES} bytes")
    return HKDF(SHA256(), KEY_BYTES, None, f"ccm-fhir|v1|{purpose}".encode()).derive(master)


def hashed(secret: str) -> str:
    """Return the SHA-256 of a random secret, for looking it up without keeping it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    if len(sealed) < _HEADER_BYTES or sealed[0] != _FORMAT:
        raise UnsealError("its format is unknown")
    end = _HEADER_BYTES + sealed[1]
    return sealed[:end], sealed[end:]


def _key_id(header: bytes) -> str:
    return header[_HEADER_BYTES:].decode(errors="replace")
