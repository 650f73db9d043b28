"""Our signing keys: the public half is published, the private half never leaves the vault."""

from __future__ import annotations

import json
from datetime import datetime

from ccm_fhir.fhir.keys import SigningAlgorithm, generate
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import keys
from ccm_fhir.storage.keys import NewSigningKey


def public_jwks(world: Installation) -> dict[str, list[dict[str, str]]]:
    """Return the key set that EHRs fetch; a key being rotated out stays until it is retired."""
    with world.db.read() as session:
        return {"keys": [json.loads(key.public_jwk_json) for key in keys.published(session)]}


def rotate(world: Installation, now: datetime) -> str:
    """Make a new key, which signs from now on; return its ``kid``. Older ones stay published."""
    key = generate(SigningAlgorithm.RS384)
    with world.db.write() as session:
        keys.add(
            session,
            world.vault,
            NewSigningKey(
                id=key.kid,
                alg=key.algorithm.value,
                private_pem=key.to_pem().decode(),
                public_jwk_json=json.dumps(key.public_jwk(), sort_keys=True),
            ),
            now,
        )
    return key.kid


def ensure_one(world: Installation, now: datetime) -> None:
    """Make the first key of an installation, if there is none."""
    with world.db.read() as session:
        exists = keys.current(session) is not None
    if not exists:
        rotate(world, now)
