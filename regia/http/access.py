"""Who may use the HTTP interface: bearer tokens with scopes (RFC 6750)."""

import hmac

from aiohttp import web

from connectors.errors import Rejected
from regia.http.requests import GATEWAY
from regia.settings import Scope, Token


def require(request: web.Request, scope: Scope, *or_else: Scope) -> Token:
    """The consumer behind the request, which has one of these scopes.

    Raises `Rejected`: `token_missing`, `token_unknown`, `scope_missing`."""
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Rejected("token_missing", "send the header Authorization: Bearer <token>")
    offered = given.strip().encode("utf-8", "replace")
    found = None
    for token in request.app[GATEWAY].configured.settings.tokens:  # all of them: the time taken tells nothing
        if hmac.compare_digest(offered, token.token.get_secret_value().encode()):
            found = token
    if found is None:
        raise Rejected("token_unknown", "this token is not one of tokens: in the configuration")
    if not {scope, *or_else}.intersection(found.scopes):
        raise Rejected("scope_missing", f"this token lacks the scope {scope}")
    return found
