"""``make conformance``: run the tests that claim a requirement, then write docs/conformance.md.

``--collect`` writes without running; ``--check`` writes nothing and fails where the document
says anything else than the markers do.
"""

from __future__ import annotations

import sys

from tests.conformance_register.document import document
from tests.conformance_register.proofs import Proofs, collected, run
from tests.parts import ROOT

DOCUMENT = ROOT / "docs" / "conformance.md"


def main(arguments: list[str]) -> int:
    """Return 0 where the document is written, or checked and equal."""
    match arguments:
        case []:
            return _write_what_was_run(run())
        case ["--collect"]:
            return _write(collected())
        case ["--check"]:
            return _check(collected())
        case _:
            return _say(__doc__ or "", 2)


def _write_what_was_run(proofs: Proofs) -> int:
    if proofs.ended_badly:
        told = "\n".join(f"  {end}: {test}" for test, end in sorted(proofs.ended_badly.items()))
        return _say(f"nothing written; a test that did not pass proves nothing:\n{told}", 1)
    return _write(proofs)


def _write(proofs: Proofs) -> int:
    DOCUMENT.write_text(document(proofs.by_number), encoding="utf-8")
    return _say(f"written: {DOCUMENT.relative_to(ROOT)}", 0)


def _check(proofs: Proofs) -> int:
    if DOCUMENT.read_text(encoding="utf-8") == document(proofs.by_number):
        return 0
    return _say("docs/conformance.md does not say what the markers say: make conformance", 1)


def _say(text: str, status: int) -> int:
    sys.stdout.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
