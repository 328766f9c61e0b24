"""Users of an app by their signed tokens: whose signature counts, when, and every token that is refused."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Rejected
from tests.connectors.app_users import (
    ANNA,
    ARRIVED,
    FOREIGN,
    GOOD,
    NOW,
    OLDER,
    SECRET,
    alone,
    api,
    only,
    part,
    pem,
    post,
    private_key,
    public,
    refused,
    shared,
    sign,
)

DAY = 86_400


# Whose signature counts

BELIEVED: list[tuple[str, dict[str, Any], str]] = [
    ("shared secret", shared(), sign()),
    ("the new one of two secrets", shared(secrets=[SECRET, OLDER]), sign()),
    ("the old one of two secrets", shared(secrets=[SECRET, OLDER]), sign(OLDER)),
    ("a key id nobody configured beside a shared secret", shared(), sign(kid="2026")),
    ("RSA", public("RS256"), sign(private_key("RS256"), "RS256")),
    ("P-256", public("ES256"), sign(private_key("ES256"), "ES256")),
    ("Ed25519", public("EdDSA"), sign(private_key("EdDSA"), "EdDSA")),
    ("one of several kinds", public("RS256", "EdDSA", "ES256"), sign(private_key("EdDSA"), "EdDSA")),
    ("the second key without ids", public("ES256", "ES256.2"), sign(private_key("ES256.2"), "ES256")),
    ("by its id", public("ES256@a", "ES256.2@b"), sign(private_key("ES256.2"), "ES256", kid="b")),
    ("a token without id, keys with", public("ES256@a", "ES256.2@b"), sign(private_key("ES256.2"), "ES256")),
    ("a token with an id, keys without", public("RS256"), sign(private_key("RS256"), "RS256", kid="x")),
    ("several audiences", shared(), sign(aud=["shop", "regia"])),
    ("the issuer", shared(issuer="https://shop.example"), sign(iss="https://shop.example")),
]


@pytest.mark.parametrize(("users", "token"), [case[1:] for case in BELIEVED], ids=[case[0] for case in BELIEVED])
def test_whose_signature_counts(users: dict[str, Any], token: str) -> None:
    assert only(post(user_token=token), users).sender.handle == ANNA
    assert only(alone(token), {**users, "direct": True}).sender.handle == ANNA


UNSIGNED = f"{part({'alg': 'none'})}.{part(GOOD)}."
BY_PUBLIC_KEY = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(GOOD)}."


def confused(name: str) -> str:
    """Signed with the text of a public key as if that were a shared secret: the library refuses to, so by hand."""
    head = BY_PUBLIC_KEY.rpartition(".")[0]
    return f"{head}.{part(hmac.digest(pem(name).encode(), head.encode(), hashlib.sha256))}"


OTHERS: list[tuple[str, dict[str, Any], str, str]] = [
    ("unsigned", shared(), UNSIGNED, "algorithm"),
    ("unsigned, in capitals", shared(), UNSIGNED.replace(part({"alg": "none"}), part({"alg": "NONE"})), "algorithm"),
    ("unsigned for public keys", public("RS256", "ES256"), UNSIGNED, "algorithm"),
    ("HS256 by the text of the RSA key", public("RS256"), confused("RS256"), "algorithm"),
    ("HS256 by the text of the Ed25519 key", public("EdDSA"), confused("EdDSA"), "algorithm"),
    ("RS256 for a shared secret", shared(), sign(private_key("RS256"), "RS256"), "algorithm"),
    ("an algorithm that is not listed", public("RS256"), sign(private_key("ES256"), "ES256"), "algorithm"),
    ("a longer hash", shared(), sign("x" * 64, "HS512"), "algorithm"),
    ("RSA-PSS by the right key", public("RS256"), sign(private_key("RS256"), "PS256"), "algorithm"),
    ("no algorithm", shared(), f"{part({'typ': 'JWT'})}.{part(GOOD)}.c2ln", "algorithm"),
    ("an algorithm that is no word", shared(), f"{part({'alg': ['HS256']})}.{part(GOOD)}.c2ln", "algorithm"),
    ("a foreign secret", shared(), sign(FOREIGN), "not signed by any key"),
    ("a secret that was retired", shared(secrets=[SECRET]), sign(OLDER), "not signed by any key"),
    ("a foreign key", public("ES256"), sign(private_key("ES256.2"), "ES256"), "not signed by any key"),
    ("a foreign key under our id", public("RS256@a"), sign(private_key("RS256.2"), "RS256", kid="a"), "not signed by any key"),
    ("our key under another's id", public("ES256@a", "ES256.2@b"), sign(private_key("ES256"), "ES256", kid="b"), "any key"),
    ("an unknown id", public("RS256@a"), sign(private_key("RS256"), "RS256", kid="z"), "kid"),
    ("an id that is no text", public("RS256@a"), f"{part({'alg': 'RS256', 'kid': 7})}.{part(GOOD)}.c2ln", "compact form"),
    ("a key it brings along", public("ES256"), jwt.encode(
        GOOD, private_key("ES256.2"), "ES256", headers={"jwk": {"kty": "EC"}, "jku": "https://evil.example/keys"}
    ), "not signed by any key"),
    ("changed after signing", shared(), sign().replace(sign().split(".")[1], part({**GOOD, "sub": "u-1"})), "any key"),
    ("without its signature", shared(), f"{sign().rpartition('.')[0]}.", "not signed by any key"),
    ("critical extensions", shared(), f"{part({'alg': 'HS256', 'crit': ['x'], 'x': 1})}.{part(GOOD)}.c2ln", "compact form"),
    ("detached", shared(), f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}.{part(GOOD)}.c2ln", "compact form"),
    ("another audience", shared(), sign(aud="shop"), "aud"),
    ("no audience", shared(), sign(aud=None), "lacks the claim aud"),
    ("an audience that is a number", shared(), sign(aud=7), "aud"),
    ("another issuer", shared(issuer="https://shop.example"), sign(iss="https://evil.example"), "iss"),
    ("no issuer", shared(issuer="https://shop.example"), sign(), "lacks the claim iss"),
    ("without end", shared(), sign(exp=None), "lacks the claim exp"),
    ("an end that is a text", shared(), sign(exp="2027-01-01"), "exp"),
    ("an end that is true", shared(), sign(exp=True), "exp"),
    ("an end that is no number", shared(), sign(exp=float("nan")), "exp"),
    ("an end that never comes", shared(), sign(exp=float("inf")), "exp"),
    ("an end without end", shared(), sign(exp=10**400), "exp"),
    ("good for years", shared(), sign(exp=NOW + DAY + 61), "max_age"),
    ("a beginning that is a list", shared(), sign(nbf=[NOW]), "nbf"),
    ("an issue before all time", shared(), sign(iat=-1), "iat"),
    ("no user", shared(), sign(sub=None), "users.claims.id"),
    ("an empty user", shared(), sign(sub=""), "users.claims.id"),
    ("a user who is true", shared(claims={"id": "user"}), sign(user=True), "users.claims.id"),
    ("a user who is a list", shared(claims={"id": "user"}), sign(user=["u-1"]), "users.claims.id"),
    ("a user with a line break", shared(), sign(sub="u\n1"), "users.claims.id"),
    ("a user who cannot be written", shared(), sign(sub="\ud83d"), "users.claims.id"),
    ("a user without end", shared(), sign(sub="u" * 256), "users.claims.id"),
    ("too long", shared(), sign(name="x" * 8000), "8000 characters"),
    ("claims that are a list", shared(), jwt.api_jws.encode(b"[]", SECRET, "HS256"), "compact form"),
    ("claims that are no JSON", shared(), jwt.api_jws.encode(b"{", SECRET, "HS256"), "compact form"),
    ("claims nested without end", shared(), jwt.api_jws.encode(b"[" * 4000, SECRET, "HS256"), "compact form"),
    ("a header nested without end", shared(), f"{part(b'[' * 4000)}.{part(GOOD)}.c2ln", "compact form"),
    ("a header that is a list", shared(), f"{part([])}.{part(GOOD)}.c2ln", "compact form"),
    ("a number with endless digits", shared(), f"{part(b'1' * 5000)}.{part(GOOD)}.c2ln", "compact form"),
]  # fmt: skip


@pytest.mark.parametrize(("users", "token", "words"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_every_other_token_is_refused(users: dict[str, Any], token: str, words: str) -> None:
    error = refused(post(user_token=token), users)
    assert (error.code, error.status) == ("signature_wrong", 401)
    assert words in error.detail
    direct = refused(alone(token), {**users, "direct": True})
    assert (direct.code, direct.detail) == (error.code, error.detail)


SHAPELESS = ["x", "a.b", "a..c", "a.b.c.d", "a b.c.d", "à.b.c", "\udcff.b.c", "{}", f"{sign()}=", f"{sign()}\n.", "\x00"]


@pytest.mark.parametrize("token", SHAPELESS)
def test_what_has_no_form_is_no_token(token: str) -> None:
    assert "compact form" in refused(post(user_token=token)).detail
    connector = api(shared(direct=True))
    with pytest.raises(Rejected) as caught:
        connector.verify(alone(token))
    assert caught.value.code == "token_unknown"


@given(st.text(max_size=60) | st.tuples(*[st.binary(max_size=40)] * 3).map(lambda parts: ".".join(map(part, parts))))
def test_garbage_is_refused_and_never_quoted(token: str) -> None:
    for request in (post(user_token=f"x{token}"), alone(f"x{token}")):
        with pytest.raises(Rejected) as caught:
            api(shared(direct=True)).verify(request)
        assert caught.value.status == 401
        assert len(token) < 8 or token not in caught.value.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
CLAIMS = ("sub", "exp", "iat", "nbf", "aud", "iss", "name", "email", "email_verified", "phone_number", "kid", "jti")


@given(st.dictionaries(st.sampled_from(CLAIMS), JSON, max_size=3))
def test_whatever_our_own_server_signs_is_taken_or_refused(claims: dict[str, Any]) -> None:
    token = jwt.api_jws.encode(json.dumps({**GOOD, **claims}).encode(), SECRET, "HS256")
    outcome: str
    try:
        outcome = only(post(user_token=token), shared(verified_addresses=True)).sender.handle.proof
    except Rejected as error:
        outcome = error.code
    assert outcome in ("verified", "signature_wrong", "signature_stale")


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c"]), JSON, max_size=3))
def test_no_header_opens_without_a_signature(header: dict[str, Any]) -> None:
    token = f"{part({'alg': 'HS256', **header})}.{part(GOOD)}.c2ln"
    for users in (shared(), public("ES256", "RS256@a")):
        assert refused(post(user_token=token), users).code == "signature_wrong"


# When: by the time the request came, and clocks that differ by the leeway

TIMES: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("its last second", {}, {"exp": NOW + 1}, None),
    ("within the leeway after its end", {}, {"exp": NOW - 59}, None),
    ("the leeway is over", {}, {"exp": NOW - 60}, "expired"),
    ("at its end, without leeway", {"leeway": 0}, {"exp": NOW}, "expired"),
    ("a fraction of a second", {"leeway": 0}, {"exp": NOW + 0.5}, None),
    ("long ago", {}, {"exp": NOW - DAY}, "expired"),
    ("issued by a clock before ours", {}, {"iat": NOW + 60}, None),
    ("issued in the future", {}, {"iat": NOW + 61}, "not good yet"),
    ("not before now", {"leeway": 0}, {"nbf": NOW}, None),
    ("not before later", {}, {"nbf": NOW + 61}, "not good yet"),
    ("as old as it may be", {}, {"iat": NOW - DAY - 60}, None),
    ("too old", {}, {"iat": NOW - DAY - 61}, "longer ago"),
    ("as long as it may be", {}, {"exp": NOW + DAY + 60}, None),
    ("an hour is enough", {"max_age": 3600, "leeway": 0}, {"exp": NOW + 3600, "iat": NOW - 3600}, None),
    ("an hour is too old", {"max_age": 3600, "leeway": 0}, {"exp": NOW + 3600, "iat": NOW - 3601}, "longer ago"),
]


@pytest.mark.parametrize(("users", "claims", "words"), [case[1:] for case in TIMES], ids=[case[0] for case in TIMES])
def test_when_a_token_is_good(users: dict[str, Any], claims: dict[str, Any], words: str | None) -> None:
    request = post(user_token=sign(**claims))
    if words is None:
        assert only(request, shared(**users)).sender.handle == ANNA
    else:
        error = refused(request, shared(**users))
        assert (error.code, error.status) == ("signature_stale", 401)
        assert words in error.detail


def test_a_token_that_was_caught_is_worth_what_it_says_and_no_more() -> None:
    """It serves any number of contacts until its end, as documented, also with an id of its own (`jti`); after that, and for
    another audience under the same keys, it is worth nothing."""
    caught = sign(jti="only-one", iat=NOW)
    for number in range(3):
        replayed = replace(
            post({"text": str(number)}, user_token=caught), received_at=ARRIVED + timedelta(seconds=200 * number)
        )
        assert only(replayed, shared()).sender.handle == ANNA
    late = replace(post(user_token=caught), received_at=ARRIVED + timedelta(seconds=600 + 60))
    assert refused(late, shared()).code == "signature_stale"
    for users in (shared(audience="shop"), shared(audience="regia-test"), shared(audience="regia ")):
        assert refused(post(user_token=caught), users).code == "signature_wrong"
        assert refused(alone(caught), {**users, "direct": True}).code == "signature_wrong"
