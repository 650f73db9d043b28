"""Hatch build hook: copies the one htmx file out of the pinned django-htmx wheel.

Nothing of Django is imported; the wheel is used as a carrier of a static file whose
version the lock file fixes.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("static") / "django_htmx" / "htmx-2.min.js"
TARGET = Path("smart_app") / "static" / "vendor" / "htmx.min.js"


class HtmxBuildHook(BuildHookInterface[Any]):
    """Puts htmx under the app's git-ignored ``static/vendor`` folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Copy the file before the wheel (or the editable install) is made."""
        spec = find_spec("django_htmx")
        if spec is None or spec.origin is None:
            message = "django-htmx is missing from the build environment"
            raise FileNotFoundError(message)
        target = Path(self.root) / TARGET
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(spec.origin).parent / SOURCE, target)
