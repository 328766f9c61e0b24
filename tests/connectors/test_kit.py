"""What channels share: parts of long texts, and what is refused before a provider is asked."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.abilities import Limits
from connectors.conformance.fake_http import answer
from connectors.errors import SendFailed
from connectors.kit.outbound import open_until, refused, split
from connectors.kit.place import Place, recipient
from connectors.kit.settings import AccountsSettings
from normalizer.inbound import Handle


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("abc", ["abc"]),
        ("aaaa bbbb cccc", ["aaaa bbbb", "cccc"]),
        ("aaaa\nbbbbbb cc", ["aaaa", "bbbbbb cc"]),
        ("a" * 25, ["a" * 10, "a" * 10, "a" * 5]),
        ("a " + "b" * 12, ["a", "b" * 10, "bb"]),
        ("aaaaaaaaaa bbbbbbbbbb", ["aaaaaaaaaa", "bbbbbbbbbb"]),
        ("   ", []),
    ],
)
def test_texts_are_cut_between_words(text: str, pieces: list[str]) -> None:
    assert list(split(text, Limits(text=10))) == pieces


@pytest.mark.parametrize(
    ("limits", "text", "pieces"),
    [
        (Limits(text=4, unit="bytes"), "àèìòù", ["àè", "ìò", "ù"]),
        (Limits(text=3, unit="bytes"), "😀😀", ["😀", "😀"]),  # a character is never cut, even where it does not fit
        (Limits(text=4, unit="utf16"), "😀😀😀", ["😀😀", "😀"]),
        (Limits(text=9, unit="bytes"), "àà àà àà", ["àà àà", "àà"]),
    ],
)
def test_texts_are_measured_as_the_channel_counts(limits: Limits, text: str, pieces: list[str]) -> None:
    assert list(split(text, limits)) == pieces


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("9" * 400, 86_400.0),
        ("99999999", 86_400.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 2994 08:49:37 GMT", 86_400.0),
        ("Sun, 06 Nov 2994 08:49:37", None),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_provider_makes_nobody_wait_for_ever(written: str, seconds: float | None) -> None:
    failed = refused(answer(b"", 429, {"retry-after": written}), "rate_limited")
    assert failed.retry_after == seconds


@pytest.mark.parametrize("given", [float("inf"), 1e300, float("nan"), -1.0])
def test_a_wait_is_a_number_of_seconds(given: float) -> None:
    found = SendFailed("rate_limited", "busy", retry_after=given).retry_after
    assert found is None or 0 <= found <= 86_400


def test_a_time_ahead_of_ours_opens_nothing_longer() -> None:
    now, window = datetime(2026, 11, 21, 18, tzinfo=UTC), timedelta(hours=24)
    assert open_until(now - timedelta(hours=1), now, window) == now + timedelta(hours=23)
    assert open_until(None, now, window) == open_until(now + timedelta(days=60_000), now, window) == now + window


@pytest.mark.parametrize(
    ("value", "account", "bare"),
    [
        ("shop-it:v_18", "shop-it", "v_18"),
        ("shop-it:tenant:v_18", "shop-it", "tenant:v_18"),
        ("gw:eu:v_18", "gw:eu", "v_18"),
        ("tenant:v_18", None, "tenant:v_18"),
    ],
)
def test_a_handle_is_made_for_an_account_and_read_for_it(value: str, account: str | None, bare: str) -> None:
    handle = Place(brand="demo", channel="x").handle("visitor", bare, account)
    assert handle.value == value
    assert recipient(handle, ("visitor",), account) == bare


@pytest.mark.parametrize(
    ("kind", "value"), [("visitor", "shop-de:v_18"), ("visitor", "v_18"), ("visitor", "shop-it:"), ("phone", "shop-it:v_18")]
)
def test_a_handle_of_another_account_or_kind_is_no_recipient(kind: str, value: str) -> None:
    with pytest.raises(SendFailed) as caught:
        recipient(Handle(kind, value, "verified"), ("visitor",), "shop-it")
    assert caught.value.code == "invalid_recipient"


def test_a_token_of_one_account_is_not_shared() -> None:
    accounts = {"a": {"brand": "demo"}, "b": {"brand": "demo"}}
    several = AccountsSettings.model_validate({"type": "x", "accounts": accounts})
    several.refuse_to_share(None)
    with pytest.raises(ValueError, match="a connector of its own"):
        several.refuse_to_share("token")
