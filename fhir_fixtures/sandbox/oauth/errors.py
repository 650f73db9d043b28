"""Refusals of the authorization server, in the words of RFC 6749."""

from http import HTTPStatus

from starlette.responses import JSONResponse


class OAuthError(Exception):
    """A request refused with one of the standard error codes; the description is for people."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description

    def response(self) -> JSONResponse:
        """The answer of a token, introspection or similar endpoint."""
        unauthorized = self.code == "invalid_client"
        return JSONResponse(
            {"error": self.code, "error_description": self.description},
            status_code=HTTPStatus.UNAUTHORIZED if unauthorized else HTTPStatus.BAD_REQUEST,
            headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
        )
