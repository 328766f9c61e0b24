"""Access tokens: what each provider is asked, how long its answer is kept, and what its refusals mean."""

import asyncio
from typing import Any

import pytest

from connectors.conformance.fake_http import FakeHttp, answer
from connectors.email.oauth import AccessTokens, Purpose, access_tokens, xoauth2
from connectors.email.settings import OAuthSettings
from connectors.errors import HttpFailed, SourceFailed
from connectors.media import Response

PERSON: dict[str, Any] = {"provider": "microsoft", "client_id": "app", "refresh_token": "r-1"}
APPLICATION: dict[str, Any] = {"provider": "microsoft", "client_id": "app", "client_secret": "s", "tenant": "shop.example"}
GOOGLE: dict[str, Any] = {"provider": "google", "client_id": "app", "client_secret": "s", "refresh_token": "r-1"}
OTHER: dict[str, Any] = {**GOOGLE, "provider": "other", "token_url": "https://id.example/token"}
MICROSOFT_URL = "https://login.microsoftonline.com/{}/oauth2/v2.0/token"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tokens(settings: dict[str, Any], clock: Clock | None = None) -> AccessTokens:
    return AccessTokens(OAuthSettings.model_validate(settings), clock or Clock())


def given(value: str, **more: Any) -> Response:
    return answer({"access_token": value, "token_type": "Bearer", "expires_in": 3599, **more})


ASKED: list[tuple[str, dict[str, Any], Purpose, str, dict[str, str]]] = [
    (
        "a person's mailbox at Microsoft",
        PERSON,
        "imap",
        MICROSOFT_URL.format("common"),
        {
            "client_id": "app",
            "grant_type": "refresh_token",
            "refresh_token": "r-1",
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        },
    ),
    (
        "sending in that person's name",
        {**PERSON, "tenant": "shop.example"},
        "smtp",
        MICROSOFT_URL.format("shop.example"),
        {
            "client_id": "app",
            "grant_type": "refresh_token",
            "refresh_token": "r-1",
            "scope": "https://outlook.office.com/SMTP.Send offline_access",
        },
    ),
    (
        "an application at Microsoft",
        APPLICATION,
        "smtp",
        MICROSOFT_URL.format("shop.example"),
        {
            "client_id": "app",
            "client_secret": "s",
            "grant_type": "client_credentials",
            "scope": "https://outlook.office365.com/.default",
        },
    ),
    (
        "Google",
        GOOGLE,
        "imap",
        "https://oauth2.googleapis.com/token",
        {"client_id": "app", "client_secret": "s", "grant_type": "refresh_token", "refresh_token": "r-1"},
    ),
    (
        "another provider",
        {**OTHER, "scope": "mail"},
        "imap",
        "https://id.example/token",
        {"client_id": "app", "client_secret": "s", "grant_type": "refresh_token", "refresh_token": "r-1", "scope": "mail"},
    ),
]


@pytest.mark.parametrize(("settings", "purpose", "url", "form"), [c[1:] for c in ASKED], ids=[c[0] for c in ASKED])
async def test_what_is_asked(settings: dict[str, Any], purpose: Purpose, url: str, form: dict[str, str]) -> None:
    http = FakeHttp(given("t-1"))
    assert await tokens(settings).get(purpose, http) == "t-1"
    (call,) = http.calls
    assert (call.method, call.url, call.form, call.json) == ("POST", url, form, None)


async def test_kept_and_renewed_five_minutes_ahead() -> None:
    clock = Clock()
    kept, http = tokens(GOOGLE, clock), FakeHttp(given("t-1", expires_in=3600), given("t-2", expires_in="3600"))
    for now, token in ((0, "t-1"), (3299, "t-1"), (3301, "t-2"), (6600, "t-2")):
        clock.now = 1000.0 + now
        assert await kept.get("imap", http) == token
    assert len(http.calls) == 2


@pytest.mark.parametrize(
    ("expires_in", "kept_for"), [(240, 120), ("x", 300), (None, 300), (-1, 300), (1e12, 86100), ("nan", 300)]
)
async def test_unusual_lives(expires_in: Any, kept_for: float) -> None:
    clock = Clock()
    kept, http = tokens(GOOGLE, clock), FakeHttp(given("t-1", expires_in=expires_in), given("t-2"))
    await kept.get("imap", http)
    clock.now += kept_for - 1
    assert await kept.get("imap", http) == "t-1"
    clock.now += 2
    assert await kept.get("imap", http) == "t-2"


async def test_a_renewal_that_fails_leaves_the_old_token_to_its_end() -> None:
    clock = Clock()
    busy = answer({"error": "temporarily_unavailable"}, status=503)
    kept, http = tokens(GOOGLE, clock), FakeHttp(given("t-1", expires_in=3600), busy, busy, given("t-2"))
    await kept.get("imap", http)
    clock.now += 3400
    assert await kept.get("imap", http) == "t-1"
    clock.now += 201
    with pytest.raises(SourceFailed, match="token_unavailable"):
        await kept.get("imap", http)
    assert await kept.get("imap", http) == "t-2"


async def test_one_request_for_all_who_wait() -> None:
    class Slow(FakeHttp):
        async def request(self, *given: Any, **more: Any) -> Response:
            await asyncio.sleep(0.01)
            return await super().request(*given, **more)

    kept, http = tokens(PERSON), Slow(given("t-1"), given("t-2"))
    got = await asyncio.gather(*(kept.get("imap", http) for _ in range(5)), kept.get("smtp", http))
    assert got == ["t-1"] * 5 + ["t-2"]


async def test_a_replaced_refresh_token_is_used_from_then_on() -> None:
    kept, http = tokens(PERSON), FakeHttp(given("t-1", refresh_token="r-2"), given("t-2"), given("t-3"))
    for token in ("t-1", "t-2", "t-3"):
        got = await kept.get("imap", http)
        assert got == token
        kept.drop(got)
    assert [call.form and call.form["refresh_token"] for call in http.calls] == ["r-1", "r-2", "r-2"]


async def test_an_application_gets_no_refresh_token() -> None:
    kept, http = tokens(APPLICATION), FakeHttp(given("t-1", refresh_token="odd"), given("t-2"))
    kept.drop(await kept.get("imap", http))
    await kept.get("imap", http)
    assert [call.form and call.form["grant_type"] for call in http.calls] == ["client_credentials"] * 2


async def test_a_token_that_was_not_dropped_stays() -> None:
    kept, http = tokens(GOOGLE), FakeHttp(given("t-1"))
    await kept.get("imap", http)
    kept.drop("another")
    assert await kept.get("imap", http) == "t-1"


REFUSED = [
    (answer({"error": "invalid_grant", "error_description": "AADSTS70008 SECRET"}, 400), "consent_gone", "consent again"),
    (answer({"error": "interaction_required"}, 400), "consent_gone", "log in again"),
    (answer({"error": "consent_required"}, 400), "consent_gone", "consent again"),
    (answer({"error": "invalid_client"}, 401), "consent_gone", "secret has expired"),
    (answer({"error": "unauthorized_client"}, 400), "consent_gone", "permission"),
    (answer({"error": "invalid_scope"}, 400), "token_unavailable", "check scope"),
    (answer({"error": ["invalid_grant"]}, 400), "token_unavailable", "status 400"),
    (answer({"error": "SECRET"}, 400), "token_unavailable", "status 400"),
    (answer({"error": "temporarily_unavailable"}, 503), "token_unavailable", "status 503"),
    (answer(b"<html>SECRET", 502), "token_unavailable", "status 502"),
    (answer([1], 429), "token_unavailable", "status 429"),
    (answer(b"[" * 100_000, 400), "token_unavailable", "status 400"),
    (answer(b"SECRET"), "token_unavailable", "no access token"),
    (answer({"access_token": ""}), "token_unavailable", "no access token"),
    (answer({"access_token": "SECRET\r\n"}), "token_unavailable", "no access token"),
    (answer({"access_token": 7}), "token_unavailable", "no access token"),
    (HttpFailed("timeout", sent=True), "token_unavailable", "cannot be reached: timeout"),
]


@pytest.mark.parametrize(("said", "reason", "detail"), REFUSED)
async def test_refusals(said: Response | Exception, reason: str, detail: str) -> None:
    settings = {**GOOGLE, "client_secret": "SECRET-1", "refresh_token": "SECRET-2"}
    with pytest.raises(SourceFailed, match=detail) as failed:
        await tokens(settings).get("imap", FakeHttp(said))
    assert failed.value.reason == reason
    assert "SECRET" not in str(failed.value)


async def test_equal_settings_share_their_tokens() -> None:
    one, same, other = (OAuthSettings.model_validate({**GOOGLE, "client_id": name}) for name in ("shared", "shared", "other"))
    assert access_tokens(one) is access_tokens(same)
    assert access_tokens(one) is not access_tokens(other)


def test_xoauth2() -> None:
    """The sample of Google's and Microsoft's documentation."""
    assert xoauth2("someuser@example.com", "ya29") == b"user=someuser@example.com\x01auth=Bearer ya29\x01\x01"
    with pytest.raises(SourceFailed, match="control character"):
        xoauth2("a\x01auth=Bearer x", "ya29")
