"""Draw mutants of the domain by chance, alike each time: ``make mutate SAMPLE=2000`` runs those.

Every mutant is as likely as any other, whatever its module, so that the score of the sample is an
estimate of the whole domain's (see ``mutation_score``).
"""

from __future__ import annotations

import json
import random
import sys
from typing import TYPE_CHECKING

from tests.mutation_score import MUTANTS

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20261123


def sample(size: int, folder: Path = MUTANTS) -> list[str]:
    """Return the names of so many of the mutants that were made; all, where there are fewer."""
    names = sorted(
        name
        for path in folder.glob("ccm_fhir/domain/**/*.py.meta")
        for name in json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    )
    random.Random(SEED).shuffle(names)  # noqa: S311  # a draw, not a secret
    return names[:size]


if __name__ == "__main__":
    sys.stdout.write("\n".join(sample(int(sys.argv[1]))) + "\n")
