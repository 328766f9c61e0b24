"""What all products of the Meta Graph API share: versioned paths, tokens, the error object, `debug_token`.

Sources: CHANNELS 1 (errors, version v25.0), developers.facebook.com "Handle errors", "Access token debugging",
"Secure requests" (`appsecret_proof`).
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, NoReturn

from aiohttp import web

from tests.providers.base import FakeProvider, Refused, Route, bearer, only
from tests.providers.shapes import Schema, Violation, violation

HTTP_OF_CODE = {190: 401, 4: 429, 613: 429, 80007: 429, 130429: 429, 131048: 429, 131056: 429, 10: 403, 2: 500, 131000: 500}
"""All other codes come with 400."""

UNSUPPORTED = (
    "Unsupported {} request. Object with ID '{}' does not exist, cannot be loaded due to missing permissions, or does"
    " not support this operation."
)


def graph_error(code: int, message: str = "", subcode: int | None = None, details: str | None = None) -> dict[str, Any]:
    """The body of a refusal, also for `provider.fail(400, graph_error(131047))`."""
    error: dict[str, Any] = {
        "message": f"(#{code}) {message or 'refused'}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "AFakeTraceId",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    if details is not None:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return {"error": error}


class MetaGraph(FakeProvider):
    """`token` is the page, Instagram or system user token; with `app_secret` a wrong `appsecret_proof` is refused."""

    def __init__(self, token: str, *, version: str = "v25.0", app_id: str = "APP1", app_secret: str | None = None) -> None:
        super().__init__()
        self.token = token
        self.version = version
        self.app_id = app_id
        self.app_secret = app_secret
        self.scopes: tuple[str, ...] = ()

    def routes(self) -> Iterable[Route]:
        return [Route("GET", self.under("debug_token"), handler=self._debug_token), *self.product_routes()]

    def product_routes(self) -> Iterable[Route]:
        raise NotImplementedError

    def under(self, path: str) -> str:
        """The pattern of a path below the version."""
        return f"/{self.version.replace('.', '[.]')}/{path}"

    def http_refusal(self, status: int, reason: str) -> web.Response:
        """Graph answers all of these with 400; 2500 is "unknown path components", which a wrong version is as well."""
        code = {404: 2500, 405: 100}.get(status, 100)
        return web.json_response(graph_error(code, reason, 33 if status == 405 else None), status=400)

    def refuse(self, code: int, message: str, subcode: int | None = None, details: str | None = None) -> NoReturn:
        answer = web.json_response(graph_error(code, message, subcode, details), status=HTTP_OF_CODE.get(code, 400))
        raise Refused(f"(#{code}) {details or message}", answer)

    def refuse_object(self, method: str, name: str) -> NoReturn:
        self.refuse(100, UNSUPPORTED.format(method, name), 33)

    def authorised(self, request: web.Request, *query: str) -> None:
        """Exactly one token, in the header or in the query, and no other query parameter than `query`."""
        tokens = [token for token in (bearer(request), request.query.get("access_token")) if token is not None]
        if len(tokens) != 1 or tokens != [self.token]:
            self.refuse(190, "Invalid OAuth access token")
        if wrong := only(request, "access_token", "appsecret_proof", *query):
            self.refuse(100, f"Unknown or repeated query parameters {wrong}")
        self._check_proof(request.query.get("appsecret_proof"))

    def _check_proof(self, proof: str | None) -> None:
        if proof is None or self.app_secret is None:
            return
        if proof != hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest():
            self.refuse(100, "Invalid appsecret_proof provided in the API argument")

    def check(self, schema: Schema, value: object) -> None:
        """Refuses what breaks the schema, see `refuse_shape`."""
        if wrong := violation(schema, value):
            self.refuse_shape(wrong)

    def refuse_shape(self, wrong: Violation) -> NoReturn:
        self.refuse(100, f"Invalid parameter: {wrong}")

    async def _debug_token(self, request: web.Request) -> web.Response:
        """`/debug_token?input_token=…`, asked with the token itself or with `app_id|app_secret`."""
        asked_by = bearer(request) or request.query.get("access_token")
        if asked_by not in (self.token, f"{self.app_id}|{self.app_secret}"):
            self.refuse(190, "Invalid OAuth access token")
        if wrong := only(request, "access_token", "input_token"):
            self.refuse(100, f"Unknown or repeated query parameters {wrong}")
        if "input_token" not in request.query:
            self.refuse(100, "The parameter input_token is required")
        if request.query["input_token"] != self.token:
            error = {"code": 190, "message": "Invalid OAuth access token."}
            return web.json_response({"data": {"error": error, "is_valid": False, "scopes": []}})
        valid = {"is_valid": True, "scopes": list(self.scopes), "expires_at": 0, "data_access_expires_at": 0}
        return web.json_response({"data": {"app_id": self.app_id, "type": "SYSTEM_USER", "application": "fake", **valid}})
