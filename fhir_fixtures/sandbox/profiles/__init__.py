"""Vendor profiles: which interactions an EHR offers, what it drops, how it pages and refuses.

Each is a dated file whose facts name their public source; what is not published is marked as
assumed. `full` is no file: it is the sandbox without a profile.
"""

from importlib.resources import files

import msgspec

from fhir_fixtures.sandbox.profiles.shape import Profile

FULL = "full"
NAMES = (
    "epic",
    "oracle-health",
    "athenahealth",
    "meditech",
    "eclinicalworks",
    "nextgen",
    "veradigm",
    "canvas",
)


def load(name: str) -> Profile:
    """The profile of that name.

    Raises:
        ValueError: there is none; or its file names something no profile knows.
    """
    if name not in NAMES:
        message = f"there is no profile {name}; there are {', '.join((FULL, *NAMES))}"
        raise ValueError(message)
    text = files(__package__).joinpath(f"{name}.toml").read_bytes()
    return msgspec.toml.decode(text, type=Profile)
