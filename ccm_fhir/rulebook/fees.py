"""Fee tables from disk: the shipped ones, and a user's own laid over them.

A user's tables are one JSON file in the folder he names, replaced as a whole or not at all.
"""

from __future__ import annotations

import csv
import fcntl
import os
import tomllib
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ccm_fhir.errors import ConflictError, RuleDataError
from ccm_fhir.rulebook.fees_schema import KnownCode, PaymentFile, ShippedFactor
from ccm_fhir.rulebook.fees_tables import FeeTables, GpciRow, RvuRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

LOADED_FILE = "fees.json"
_Model = TypeVar("_Model", bound=BaseModel)


def read_all(shipped: Traversable, loaded: Path | None) -> FeeTables:
    """Return the shipped tables with a user's own laid over them.

    Raises:
        RuleDataError: a file breaks its schema, or two rows claim the same day.
    """
    tables = read_loaded(loaded).over(read_shipped(shipped))
    for problem in tables.overlaps():
        raise RuleDataError("fees", problem)
    return tables


def read_shipped(folder: Traversable) -> FeeTables:
    """Return the tables that came with the rulebook."""
    factors = _read_csv(folder / "conversion_factors.csv", ShippedFactor)
    return FeeTables(
        rvus=_read_csv(folder / "rvu.csv", RvuRow),
        factors=tuple(row for factor in factors for row in factor.rows()),
        gpcis=_read_csv(folder / "gpci.csv", GpciRow),
    )


def read_known_codes(folder: Traversable) -> tuple[KnownCode, ...]:
    """Return the codes that are kept of a CMS file, and the days on which it prices them."""
    return _read_csv(folder / "codes.csv", KnownCode)


def read_payment(folder: Traversable) -> PaymentFile:
    """Return the shares of payment and the places of service."""
    file = folder / "payment.toml"
    try:
        return PaymentFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, FileNotFoundError) as error:
        raise RuleDataError(file.name, str(error)) from None
    except ValidationError as error:
        raise RuleDataError(file.name, _first_of(error)) from None


def read_loaded(folder: Path | None) -> FeeTables:
    """Return what a user loaded; nothing where no folder is named or nothing was loaded."""
    if folder is None or not (folder / LOADED_FILE).exists():
        return FeeTables()
    try:
        return FeeTables.model_validate_json((folder / LOADED_FILE).read_bytes())
    except ValidationError as error:
        raise RuleDataError(LOADED_FILE, _first_of(error)) from None


def write_loaded(folder: Path, tables: FeeTables) -> None:
    """Replace a user's tables; a reader sees the old file or the new one, never a part."""
    part = folder / f"{LOADED_FILE}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(tables.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / LOADED_FILE)


@contextmanager
def only_loader(folder: Path) -> Iterator[None]:
    """Hold a folder so that two loads cannot each overwrite what the other read.

    Raises:
        ConflictError: another process is loading into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{LOADED_FILE}.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError("another process is loading fee tables; wait for it") from None
        yield


def _read_csv(file: Traversable, model: type[_Model]) -> tuple[_Model, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RuleDataError(file.name, str(error)) from None
    rows = csv.DictReader(StringIO(text), restkey="more", restval="")
    return tuple(_row(file.name, number, row, model) for number, row in enumerate(rows, start=2))


def _row(name: str, number: int, row: dict[str, str], model: type[_Model]) -> _Model:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise RuleDataError(name, f"row {number}, {_first_of(error)}") from None


def _first_of(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
