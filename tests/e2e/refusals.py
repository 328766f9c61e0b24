"""Requests that must be refused, each with the status and the code of the closed list."""

from collections.abc import Callable
from typing import Final

from tests.e2e.ledger import Post
from tests.e2e.whatsapp import signed

JSON: Final = {"Content-Type": "application/json"}


def bad_requests(body: bytes, secret: Callable[[str], str]) -> list[Post]:
    """Every way a request can be refused, with the status and the code. `body` is a webhook that would be accepted."""
    hook, desk, form = "/webhooks/whatsapp", "/v1/messages/desk", "/forms/site-form"
    good = signed(body, secret("whatsapp-app-secret"))
    bearer = {**JSON, "Authorization": f"Bearer {secret('desk-token')}"}
    huge = b'{"object": "' + b"x" * 61_000 + b'"}'
    wrong_token = "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=7&hub.verify_token=wrong"
    rows: list[tuple[str, str, str, dict[str, str], bytes, int, str]] = [
        ("unsigned", "POST", hook, JSON, body, 401, "signature_missing"),
        ("badly signed", "POST", hook, signed(body, "guess"), body, 401, "signature_wrong"),
        ("changed after signing", "POST", hook, good, body + b" ", 401, "signature_wrong"),
        ("unsigned and no JSON", "POST", hook, JSON, b"{broken", 401, "signature_missing"),
        ("too large", "POST", hook, signed(huge, secret("whatsapp-app-secret")), huge, 413, "too_large"),
        ("unknown webhook", "POST", "/webhooks/nobody", good, body, 404, "unknown_connector"),
        ("unknown form", "POST", "/forms/nobody", JSON, b"{}", 404, "unknown_connector"),
        ("unknown api", "POST", "/v1/messages/nobody", bearer, b"{}", 404, "unknown_connector"),
        ("form at a webhook's address", "POST", "/webhooks/site-form", JSON, b"{}", 404, "unknown_connector"),
        ("wrong challenge", "GET", wrong_token, {}, b"", 403, "handshake_refused"),
        ("no token", "POST", desk, JSON, b"{}", 401, "token_missing"),
        ("wrong token", "POST", desk, {**JSON, "Authorization": "Bearer guess"}, b"{}", 401, "token_unknown"),
        ("malformed", "POST", desk, bearer, b"{broken", 400, "malformed"),
        ("missing fields", "POST", desk, bearer, b'{"text": "no sender"}', 400, "invalid_fields"),
        ("no JSON type", "POST", desk, {**bearer, "Content-Type": "text/plain"}, b"{}", 415, "unsupported_media_type"),
        ("malformed form", "POST", form, JSON, b"{broken", 400, "malformed"),
        ("incomplete form", "POST", form, JSON, b'{"name": "Anna"}', 400, "invalid_fields"),
        ("strange form", "POST", form, {"Content-Type": "text/csv"}, b"a,b", 415, "unsupported_media_type"),
        ("nowhere", "GET", "/nowhere", {}, b"", 404, "not_found"),
        ("wrong method", "PUT", desk, bearer, b"{}", 405, "method_not_allowed"),
        ("stranger", "GET", "/v1/queues", {}, b"", 401, "token_missing"),
    ]
    return [
        Post(label=label, method=method, path=path, headers=headers, body=content, refused=(status, code), repeatable=True)
        for label, method, path, headers, content, status, code in rows
    ]
