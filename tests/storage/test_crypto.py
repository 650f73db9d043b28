"""Sealed values open in their own place, with a key we hold, unaltered; nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage.crypto import Place, Sealed, UnsealError, Vault, derive_key, vault_from

KEY = bytes(range(32))
PLACE = Place(practice_id="p1", table="token_grant", row="g1", field="access_token")


@pytest.fixture
def vault() -> Vault:
    return Vault({"k1": KEY}, "k1")


def test_what_is_sealed_can_be_opened(vault: Vault) -> None:
    assert vault.open(vault.seal(b"secret", PLACE), PLACE) == b"secret"


@pytest.mark.proves("S6")
@pytest.mark.parametrize(
    "elsewhere",
    [{"practice_id": "p2"}, {"table": "ehr"}, {"row": "g2"}, {"field": "refresh_token"}],
)
def test_what_is_moved_elsewhere_cannot_be_opened(vault: Vault, elsewhere: dict[str, Any]) -> None:
    sealed = vault.seal(b"secret", PLACE)

    with pytest.raises(UnsealError):
        vault.open(sealed, replace(PLACE, **elsewhere))


@pytest.mark.proves("S6")
def test_no_byte_can_be_altered(vault: Vault) -> None:
    sealed = vault.seal(b"secret", PLACE)

    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(UnsealError):
            vault.open(bytes(altered), PLACE)


@pytest.mark.parametrize("length", range(20))
def test_what_is_cut_short_cannot_be_opened(vault: Vault, length: int) -> None:
    with pytest.raises(UnsealError):
        vault.open(vault.seal(b"secret", PLACE)[:length], PLACE)


def test_the_same_secret_is_sealed_differently_each_time(vault: Vault) -> None:
    assert vault.seal(b"secret", PLACE) != vault.seal(b"secret", PLACE)


@pytest.mark.proves("S6")
def test_old_records_stay_readable_after_a_rotation(vault: Vault) -> None:
    old = vault.seal(b"secret", PLACE)
    rotated = Vault({"k1": KEY, "k2": bytes(32)}, "k2")

    assert rotated.open(old, PLACE) == b"secret"
    assert not rotated.is_current(old)
    assert rotated.is_current(rotated.seal(b"secret", PLACE))


def test_a_record_whose_key_is_gone_says_so(vault: Vault) -> None:
    sealed = vault.seal(b"secret", PLACE)

    with pytest.raises(UnsealError, match="key is not configured"):
        Vault({"k2": KEY}, "k2").open(sealed, PLACE)


def test_keys_of_two_purposes_differ() -> None:
    assert derive_key(KEY, "storage") != derive_key(KEY, "audit")
    assert len(derive_key(KEY, "storage")) == 32


def test_a_vault_of_master_secrets_does_not_use_them_as_keys() -> None:
    sealed = vault_from({"k1": KEY}, "k1").seal(b"secret", PLACE)

    with pytest.raises(UnsealError):
        Vault({"k1": KEY}, "k1").open(sealed, PLACE)


@pytest.mark.proves("S24")
@pytest.mark.parametrize(
    ("keys", "current"),
    [({}, "k1"), ({"k1": KEY}, "k2"), ({"k1": KEY[:16]}, "k1"), ({"": KEY}, "")],
)
def test_a_vault_refuses_keys_it_cannot_use(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ConfigurationError):
        Vault(keys, current)


@pytest.mark.proves("S24")
def test_a_short_master_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        derive_key(b"short", "storage")


def test_neither_vault_nor_record_prints_a_secret(vault: Vault) -> None:
    sealed = vault.seal(b"secret", PLACE)

    assert repr(KEY) not in repr(vault)
    assert repr(sealed) not in repr(Sealed(place=PLACE, sealed=sealed))
