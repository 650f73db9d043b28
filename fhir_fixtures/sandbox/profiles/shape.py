"""What a profile may say. Lists of names are strings with spaces, as they are pleasant to read."""

from datetime import date
from typing import Any, Literal

import msgspec

LETTERS = {
    "c": "create",
    "r": "read",
    "u": "update",
    "p": "patch",
    "d": "delete",
    "s": "search-type",
    "v": "vread",
    "h": "history-instance",
}


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of request is turned away.

    `shape` is the body: an OperationOutcome with `code`, nothing, or a number with `code` as key.
    """

    status: int
    shape: Literal["outcome", "empty", "numeric"] = "outcome"
    code: str = "processing"
    number: int = 0


class Refusals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this vendor says no; `write` is for interactions that write, where it is another."""

    no_type: Refusal
    no_interaction: Refusal
    not_json: Refusal
    missing_parameter: Refusal
    invalid: Refusal
    write: Refusal | None = None
    expired_page: Refusal = Refusal(status=400, code="invalid")
    modifier_extension: Refusal | None = None
    too_many: Refusal = Refusal(status=429, code="throttled")
    no_write_back_user: Refusal | None = None


class TypeRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be done with one resource type.

    `can` is declared, `hidden` works without being declared (letters of `LETTERS`). `by` are the
    search parameters, of which a search must have one of `one_of`; `cap` is where results end.
    Of a new resource `keeps` are the elements that are stored (empty: all), `needs` those
    without which it is refused, `needs_within` and `drops_within` the same inside an element,
    `infers` what the server sets itself; `updates` the elements that an update can change.
    """

    can: str
    hidden: str = ""
    by: str = ""
    one_of: str = ""
    cap: int = 0
    operations: str = ""
    update_create: bool = False
    creates_by_operation: bool = False
    keeps: str = ""
    needs: str = ""
    needs_one_of: str = ""
    needs_within: dict[str, str] = {}
    drops_within: dict[str, str] = {}
    infers: dict[str, Any] = {}
    takes_status: str = ""
    refuses_status: str = ""
    takes_category: str = ""
    refusal_of_content: Refusal | None = None
    write_back_user: bool = True
    updates: str = ""


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long results are cut up: `parameter` asks for the next page, `count` for its size.

    A `cursor` and a `session` are opaque, the latter only good for some time. `overlap` is how
    many resources of a page are on the next one again.
    """

    style: Literal["cursor", "session", "page", "offset"]
    parameter: str
    default: int
    most: int
    count: str = "_count"
    overlap: int = 0
    relative: bool = False
    ignores_count_with_id: bool = False
    session_seconds: int = 0


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many requests in each span of so many seconds, counted from the top of the span."""

    requests: int
    seconds: int


class Writing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How writes are answered; `stale` is the status of an update against an old version."""

    stale: int
    precondition: Literal["If-Match", "If-Unmodified-Since", "none"]
    versions: bool
    answer: Literal["resource", "empty"] = "resource"


class Discovery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How its smart-configuration differs; `{origin}` in the issuer is the sandbox's own."""

    capabilities: list[str]
    issuer: str = "{origin}"
    omits: list[str] = []
    replaces: dict[str, Any] = {}


class Scopes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scopes that are granted although nothing stands behind them, as `Type.letters`."""

    beyond: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor's EHR as it was on a day."""

    name: str
    as_of: date
    formats: list[str]
    system: list[Literal["batch", "transaction"]]
    unknown_parameters: Literal["ignored", "refused"]
    paging: Paging
    refusals: Refusals
    writing: Writing
    discovery: Discovery
    types: dict[str, TypeRules]
    software: dict[str, str] = {}
    versioning: str = ""
    rate: Rate | None = None
    scopes: Scopes = Scopes()
