"""How exports go, as whoever starts the sandbox says it."""

from pathlib import Path
from typing import Any, Literal

import msgspec


class BulkPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An export as it should be, unless something else is said; counters are of each export.

    `looks` is how many looks at the status say that it is not ready; then `broken_looks` are
    answered with 503. `fails` ends the export in an error, `forgets_after` so many looks in 404.
    `busy` kick-offs are answered with 429 first. `lines_a_file` cuts types into files; `packs` them
    with gzip; `serves_ranges` of them. `open_files` need no token, and take none: they lie at
    `files_at`, if said. `cut_files` so many downloads end in the middle, silently where
    `cuts_silently`; `refused_tokens` so many are answered with 401, `broken_files` with 500;
    `moved_files` answer 307 to `files_at`. `expired_files` so many are gone until the status is
    looked at again. `omits` types; `unknown_type` names one more file of a type nobody knows;
    `deleted` are references, `problems` severities and codes as `error/exception`. `counts` is
    whether the manifest counts lines. `by_post` takes kick-offs by POST alone.
    """

    looks: int = 1
    broken_looks: int = 0
    fails: bool = False
    forgets_after: int | None = None
    busy: int = 0
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    retry_after_seconds: int = 1
    lines_a_file: int = 10_000
    packs: bool = False
    serves_ranges: bool = False
    open_files: bool = False
    files_at: str = ""
    cut_files: int = 0
    cuts_silently: bool = False
    refused_tokens: int = 0
    broken_files: int = 0
    moved_files: bool = False
    expired_files: int = 0
    omits: tuple[str, ...] = ()
    unknown_type: str = ""
    deleted: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    counts: bool = True
    by_post: bool = False


def read_bulk_plan(path: Path) -> BulkPlan:
    """The plan in a file, TOML by its name and JSON otherwise.

    Raises:
        ValueError: it cannot be read, or names something that is no part of it.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}"
        raise ValueError(message) from None
    decode: Any = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    plan: BulkPlan = decode(text, type=BulkPlan)
    return plan
