"""Settings: the environment is read here and nowhere else."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.failpoints import POINTS

_SHORTEST_SECRET = 32
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SecretSettings(BaseSettings):
    """Whether a master secret is named here, before anything else is asked of the settings."""

    model_config = SettingsConfigDict(env_prefix="CCM_", hide_input_in_errors=True)

    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None

    @property
    def is_named(self) -> bool:
        """Whether there is one, in the environment or in a file."""
        return self.secret_key is not None or self.secret_key_file is not None


class FeesSettings(BaseSettings):
    """What commands need that only look things up: no address and no secret."""

    model_config = SettingsConfigDict(env_prefix="CCM_", extra="forbid", hide_input_in_errors=True)

    fees_dir: Path | None = Field(
        default=None, description="A folder for fee schedule tables that were loaded from CMS files"
    )


class Settings(FeesSettings):
    """Everything an installation is told; each name is an environment variable ``CCM_…``."""

    database_url: str = Field(
        default="sqlite:///var/ccm.sqlite", description="SQLite file or postgresql+psycopg:// URL"
    )
    base_url: str = Field(
        default="http://127.0.0.1:8700", description="The app's own address, as EHRs see it"
    )
    secret_key: SecretStr | None = Field(
        default=None, description="Master secret, 32 characters or more; never the default"
    )
    secret_key_file: Path | None = Field(
        default=None, description="A file that holds the master secret instead"
    )
    secret_key_id: str = Field(
        default="1", description="The master secret's name; another one when it is changed"
    )
    old_secret_key_file: Path | None = Field(
        default=None, description="The former master secret, until `keys reseal` has run"
    )
    old_secret_key_id: str = Field(default="1", description="The former master secret's name")
    audit_secret_file: Path | None = Field(
        default=None, description="The audit chain's secret, where the master secret was changed"
    )
    executor_id: str = Field(
        default="local-0", description="This process's stable name to the durable engine"
    )
    run_engine: bool = Field(
        default=True, description="Whether `serve` also delivers; false where workers do"
    )
    settle_seconds: float = Field(
        default=120.0, ge=0, description="How long an EHR's index may lag behind its store"
    )
    ehr_requests_per_minute: int = Field(
        default=1200, ge=1, le=60_000, description="How many requests a minute an EHR may be sent"
    )
    terminology_url: str | None = Field(
        default=None, description="The site's own FHIR terminology server, for SNOMED CT codes"
    )
    terminology_token: SecretStr | None = Field(
        default=None, description="A bearer token for the terminology server"
    )
    terminology_roots: Path | None = Field(
        default=None,
        description="A table of SNOMED CT concepts and families, for $subsumes on that server",
    )
    assume_icd10_is_cm: bool = Field(
        default=False, description="Whether the site writes WHO's URI where it means ICD-10-CM"
    )
    cds_budget_ms: int = Field(
        default=400, ge=50, le=5000, description="How long a CDS Hooks card may take; then none"
    )
    trusted_proxies: str = Field(
        default="",
        description="Reverse proxies (addresses, commas) whose X-Forwarded-For is believed",
    )
    failpoint: str = Field(
        default="", description="Where a test lets this process die, e.g. C4:3; only with CCM_DEMO"
    )
    demo: bool = Field(default=False, description="Allow plain http on loopback: demo and tests")
    demo_today: date | None = Field(
        default=None, description="The day a demo shows as today; only with CCM_DEMO"
    )

    @model_validator(mode="after")
    def _refuse_the_unsafe(self) -> Settings:
        address = urlsplit(self.base_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ConfigurationError("CCM_BASE_URL", "give an absolute https address")
        if self.demo and address.hostname not in _LOOPBACK:
            raise ConfigurationError("CCM_DEMO", "a demo runs on loopback only")
        if not self.demo and address.scheme != "https":
            raise ConfigurationError("CCM_BASE_URL", "https is required outside a demo")
        if self.demo_today is not None and not self.demo:
            raise ConfigurationError("CCM_DEMO_TODAY", "only a demo may choose its day")
        if self.failpoint:
            self._refuse_failpoint()
        self._refuse_unsafe_terminology()
        return self

    def _refuse_failpoint(self) -> None:
        point, _, passes = self.failpoint.partition(":")
        if not self.demo:
            raise ConfigurationError("CCM_FAILPOINT", "it kills the process: for tests alone")
        if point not in POINTS or not passes.isdecimal():
            raise ConfigurationError("CCM_FAILPOINT", f"give one of {sorted(POINTS)}, as in C4:3")

    def _refuse_unsafe_terminology(self) -> None:
        if self.terminology_url is None:
            if self.terminology_token or self.terminology_roots:
                raise ConfigurationError("CCM_TERMINOLOGY_URL", "name the server that they are for")
            return
        address = urlsplit(self.terminology_url)
        if address.scheme not in {"http", "https"} or not address.hostname or address.username:
            raise ConfigurationError("CCM_TERMINOLOGY_URL", "give an absolute https address")
        is_loopback_demo = self.demo and address.hostname in _LOOPBACK
        if address.scheme != "https" and not is_loopback_demo:
            raise ConfigurationError("CCM_TERMINOLOGY_URL", "https is required outside a demo")

    def master_secret(self) -> bytes:
        """Return the master secret.

        Raises:
            ConfigurationError: none was given, or it is too short to protect anything.
        """
        text = ""
        if self.secret_key is not None:
            text = self.secret_key.get_secret_value()
        elif self.secret_key_file is not None:
            text = _read(self.secret_key_file)
        return _long(text)

    def master_secrets(self) -> dict[str, bytes]:
        """Return the master secrets by name, the former one with the current.

        Raises:
            ConfigurationError: one is missing or too short, or two have the same name.
        """
        secrets = {self.secret_key_id: self.master_secret()}
        if self.old_secret_key_file is not None:
            if self.old_secret_key_id == self.secret_key_id:
                raise ConfigurationError(
                    "CCM_SECRET_KEY_ID", "give the new master secret another name than the old"
                )
            secrets[self.old_secret_key_id] = _long(_read(self.old_secret_key_file))
        return secrets

    def audit_secret(self) -> bytes:
        """Return the secret that the audit chain's key comes from: it outlives a change."""
        if self.audit_secret_file is None:
            return self.master_secret()
        return _long(_read(self.audit_secret_file))

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is one file."""
        return self.database_url.startswith("sqlite")


def _long(text: str) -> bytes:
    if len(text) < _SHORTEST_SECRET:
        raise ConfigurationError(
            "CCM_SECRET_KEY", f"set it to {_SHORTEST_SECRET} random characters or more"
        )
    return text.encode()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("CCM_SECRET_KEY_FILE", "it cannot be read") from None


def child_environment(settings: Settings | None = None) -> dict[str, str]:
    """Return the environment for a process of ours that is to read the same settings.

    Without settings, nothing of ours is passed on.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CCM_")}
    if settings is None:
        return bare
    return bare | {
        "CCM_DATABASE_URL": settings.database_url,
        "CCM_BASE_URL": settings.base_url,
        "CCM_SECRET_KEY": settings.master_secret().decode(),
        "CCM_EXECUTOR_ID": settings.executor_id,
        "CCM_RUN_ENGINE": str(settings.run_engine).lower(),
        "CCM_SETTLE_SECONDS": str(settings.settle_seconds),
        "CCM_EHR_REQUESTS_PER_MINUTE": str(settings.ehr_requests_per_minute),
        "CCM_TRUSTED_PROXIES": settings.trusted_proxies,
        "CCM_CDS_BUDGET_MS": str(settings.cds_budget_ms),
        "CCM_DEMO": str(settings.demo).lower(),
        "CCM_SECRET_KEY_ID": settings.secret_key_id,
        "CCM_ASSUME_ICD10_IS_CM": str(settings.assume_icd10_is_cm).lower(),
        **({"CCM_TERMINOLOGY_URL": settings.terminology_url} if settings.terminology_url else {}),
        **(
            {"CCM_TERMINOLOGY_TOKEN": settings.terminology_token.get_secret_value()}
            if settings.terminology_token
            else {}
        ),
        **(
            {"CCM_TERMINOLOGY_ROOTS": str(settings.terminology_roots)}
            if settings.terminology_roots
            else {}
        ),
        **({"CCM_FEES_DIR": str(settings.fees_dir)} if settings.fees_dir else {}),
        **({"CCM_DEMO_TODAY": str(settings.demo_today)} if settings.demo_today else {}),
    }
