"""Our signing keys: the public half is published, the private half never leaves the vault."""

from __future__ import annotations

import json
from datetime import datetime

from ccm_fhir.fhir.keys import SigningAlgorithm, generate
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import audit_everywhere
from ccm_fhir.storage import keys, practices, resealing
from ccm_fhir.storage.keys import NewSigningKey


def public_jwks(world: Installation) -> dict[str, list[dict[str, str]]]:
    """Return the key set that EHRs fetch; a key being rotated out stays until it is retired."""
    with world.db.read() as session:
        return {"keys": [json.loads(key.public_jwk_json) for key in keys.published(session)]}


def rotate(world: Installation, now: datetime) -> tuple[str, ...]:
    """Make a new key of each algorithm; return their ``kid``. Older ones stay published.

    The new ones sign once every server has had the time to fetch them (``to_sign_with``).
    """
    made = [generate(algorithm) for algorithm in SigningAlgorithm]
    with world.db.write() as session:
        for key in made:
            new = NewSigningKey(
                id=key.kid,
                alg=key.algorithm.value,
                private_pem=key.to_pem().decode(),
                public_jwk_json=json.dumps(key.public_jwk(), sort_keys=True),
            )
            keys.add(session, world.vault, new, now)
    audit_everywhere(world, "rotate_keys")
    return tuple(key.kid for key in made)


def ensure_one(world: Installation, now: datetime) -> None:
    """Make the first key of an installation, if there is none."""
    with world.db.read() as session:
        exists = keys.current(session) is not None
    if not exists:
        rotate(world, now)


def reseal(world: Installation) -> int:
    """Seal everything again that an older master secret sealed; return how many values were.

    Raises:
        UnsealError: a value's key is not configured any more.
    """
    with world.db.write() as session:
        done = resealing.reseal(session, world.vault, "")
        practice_ids = [practice.id for practice in practices.list_all(session)]
    for practice_id in practice_ids:
        with world.db.write(practice_id) as session:
            done += resealing.reseal(session, world.vault, practice_id)
    audit_everywhere(world, f"reseal_secrets {done}")
    return done
