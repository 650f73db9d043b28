"""HTML of the sandbox: templates, and headers that let nothing foreign in but the app's frame."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from fhir_fixtures.sandbox.settings import SandboxSettings

FOLDER = Path(__file__).parent.parent


class Pages:
    """Renders the templates of one sandbox."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(settings),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def render(
        self,
        template: str,
        context: Mapping[str, object],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> HTMLResponse:
        """The page or fragment."""
        html = self._environment.get_template(template).render(context)
        return HTMLResponse(html, status_code=status, headers=self._headers)

    def refusal(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HTMLResponse:
        """A page that says what went wrong and stays here."""
        return self.render("refusal.html", {"reason": reason}, status)


def _policy(settings: SandboxSettings) -> str:
    urls = [
        uri for client in settings.clients for uri in (client.launch_url, *client.redirect_uris)
    ]
    apps = " ".join(sorted({"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls}))
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            f"frame-src 'self' {apps}",
            # The pickers' forms end in a redirect to the app, which browsers count as the target.
            f"form-action 'self' {apps}",
        )
    )
