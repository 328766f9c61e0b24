"""Links of stored envelopes are signed anew once they have ended, and nothing else of the envelope is touched."""

import time

import orjson
import pytest

from regia.links import LIFETIME, Links

LINKS = Links("https://regia.example", b"key")


def envelope(url: str, text: str = "x") -> bytes:
    return orjson.dumps({"data": {"text": text, "attachments": [{"id": "att_1", "url": url}]}})


def parts(body: bytes) -> tuple[str, str]:
    query = orjson.loads(body)["data"]["attachments"][0]["url"].partition("?")[2]
    expires, signature = (one.partition("=")[2] for one in query.split("&"))
    return expires, signature


def test_a_link_that_has_ended_is_signed_anew() -> None:
    old = envelope(LINKS.attachment("att_1", now=int(time.time()) - LIFETIME - 60))
    assert not LINKS.valid("att_1", *parts(old))
    new = LINKS.renewed(old)
    assert LINKS.valid("att_1", *parts(new))
    assert len(new) == len(old)


def test_a_link_that_holds_stays_as_it_is() -> None:
    body = envelope(LINKS.attachment("att_1", now=int(time.time()) - LIFETIME + 60))
    assert LINKS.renewed(body) == body


@pytest.mark.parametrize("other", [Links("https://regia.example", b"another"), None], ids=["another key", "no signature"])
def test_what_only_looks_like_ours_stays_as_it_is(other: Links | None) -> None:
    """A customer may write whatever they like."""
    ended = int(time.time()) - 2 * LIFETIME
    url = (
        other.attachment("att_1", now=ended) if other else f"https://regia.example/attachments/att_1?expires={ended}&signature="
    )
    body = envelope(url, text=url)
    assert LINKS.renewed(body) == body
