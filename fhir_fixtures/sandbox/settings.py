"""What one sandbox is told at start: its own address, the apps it knows, where its data lies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from fhir_fixtures.sandbox.profiles.shape import Profile

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An app registered with this EHR.

    A public client has no keys; any other one has a JWKS, by URL or by value. `cds_url` is
    where it offers CDS Hooks services, if it does.
    """

    client_id: str
    launch_url: str
    redirect_uris: tuple[str, ...]
    public: bool = False
    jwks_url: str | None = None
    jwks: dict[str, Any] | None = None
    cds_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """One sandbox. `origin` is scheme, host and port as a browser types them, without a slash.

    `upstream` is the base URL of another FHIR R4 server; without it one runs in-process,
    with its database in `data_dir`, or in a folder that goes when the sandbox stops. With a
    `profile` it behaves as that vendor's EHR, and with `faults` it fails as planned;
    `fault_control` opens an endpoint, for this machine alone, to change and count that. It
    exports in bulk as `bulk` says; without that a vendor's profile exports nothing.
    """

    origin: str
    clients: tuple[Client, ...]
    data_dir: Path | None = None
    upstream: str | None = None
    token_lifetime: timedelta = timedelta(hours=1)
    profile: Profile | None = None
    faults: FaultPlan | None = None
    fault_control: bool = False
    bulk: BulkPlan | None = None

    @property
    def fhir_base(self) -> str:
        """The FHIR base URL, which is also the `iss` of a launch."""
        return f"{self.origin}/fhir"

    @property
    def host(self) -> str:
        """The host name on which requests are answered."""
        return urlsplit(self.origin).hostname or ""

    def url(self, path: str) -> str:
        """The absolute URL of a page or endpoint of the sandbox."""
        return f"{self.origin}{path}"

    def client(self, client_id: str) -> Client | None:
        """The registered app of that id."""
        return next((each for each in self.clients if each.client_id == client_id), None)
