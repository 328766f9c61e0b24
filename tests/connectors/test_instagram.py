"""Instagram: what is particular to it. What it shares with Messenger is in `test_messenger`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Outgoing, OutgoingFile, Parsed
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import SendCode, SendFailed
from connectors.instagram import COMMENT, Instagram, InstagramSettings
from normalizer.inbound import Button, Handle, InboundMessage
from tests.subjects.instagram import ACCOUNT, SECRET, SUBJECT, sign

ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
USER = Handle("instagram_user", f"{ACCOUNT}:1234567890123456", "verified")
TO_COMMENT = Handle(COMMENT, f"{ACCOUNT}:17900000000000001", "verified")
OUTGOING = Outgoing(
    to=USER,
    text="È partita oggi.",
    account=ACCOUNT,
    in_reply_to="aWdf01",
    token="reply-0001",
    last_inbound_at=ARRIVED - timedelta(hours=23),
)
TAKEN = answer({"recipient_id": "1234567890123456", "message_id": "aWdfOUT9"})
ROOT = "https://graph.facebook.com/v25.0"


def connector(**changed: Any) -> Instagram:
    settings = InstagramSettings.model_validate({**SUBJECT.settings, **changed})
    return Instagram("instagram-it", settings, now=lambda: ARRIVED)


def message(name: str, **changed: Any) -> InboundMessage:
    (found,) = connector(**changed).parse(sign(SUBJECT.samples[name], SECRET, ARRIVED)).messages
    return found


def change(**value: Any) -> Parsed:
    body = {"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1, "changes": [{"field": "comments", "value": value}]}]}
    return connector().parse(sign(json.dumps(body).encode(), SECRET, ARRIVED))


# --- in ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "dm_story_answer",
            {
                "meta_story": "17800000000000111",
                "meta_story_url": "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=17800000000000111&signature=a",
            },
        ),
        ("dm_story_mention", {"meta_attachments": ["story_mention"]}),
        ("dm_media_kinds", {"meta_attachments": ["ig_reel", "reel"], "meta_reel_video_id": "18000000000000001"}),
        ("dm_like_heart", {}),
        ("dm_product_referral", {"referral_product": "4455667788990011"}),
        ("comment", {"meta_media": "18012345678901234", "meta_media_type": "FEED"}),
        (
            "comment_on_advertisement",
            {"meta_media": "18012345678908888", "meta_media_type": "AD", "meta_ad": "120200000000000001"},
        ),
    ],
)
def test_what_has_no_place_of_its_own_is_a_field(name: str, fields: dict[str, Any]) -> None:
    assert message(name).fields == fields


def test_who_writes_and_who_comments_is_one_person() -> None:
    written, commented = message("dm_text"), message("comment")
    assert written.sender.handle == commented.sender.handle == USER
    assert (written.channel, commented.channel) == ("instagram", "instagram_comments")
    assert (written.reply.via, commented.reply.via) == (None, TO_COMMENT), "but a comment is answered at the comment"


def test_windows() -> None:
    written = datetime(2026, 1, 1, tzinfo=UTC)
    assert message("dm_text").reply.until == written + timedelta(hours=24)
    assert message("dm_text", human_agent=True).reply.until == written + timedelta(days=7)
    assert message("comment").reply.until is None
    assert message("comment", comments="private").reply.until == ARRIVED + timedelta(days=7)


def test_below_a_live_video_nothing_can_be_answered_in_public() -> None:
    assert message("comment_live").reply.allowed == ()
    assert message("comment_live", comments="private").reply.allowed == ("text",)


def test_an_author_who_is_not_named_is_the_comment() -> None:
    handle = message("comment_without_author").sender.handle
    assert handle == Handle(COMMENT, f"{ACCOUNT}:17900000000000007", "verified")


def test_ids_may_be_numbers() -> None:
    parsed = change(id=17900000000000042, text="hi", **{"from": {"id": 9007199254740993}})
    (found,) = parsed.messages
    assert (found.external_id, found.sender.handle.value) == ("17900000000000042", f"{ACCOUNT}:9007199254740993")


# --- out --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "changed", "path", "payload"),
    [
        ({}, {}, "me/messages", {"recipient": {"id": "1234567890123456"}, "message": {"text": "È partita oggi."}}),
        (
            {"human_agent": True},
            {"last_inbound_at": ARRIVED - timedelta(days=2)},
            "me/messages",
            {
                "recipient": {"id": "1234567890123456"},
                "messaging_type": "MESSAGE_TAG",
                "tag": "HUMAN_AGENT",
                "message": {"text": "È partita oggi."},
            },
        ),
        (
            {"comments": "private"},
            {"to": TO_COMMENT, "in_reply_to": "17900000000000001"},
            "me/messages",
            {"recipient": {"comment_id": "17900000000000001"}, "message": {"text": "È partita oggi."}},
        ),
    ],
)
async def test_a_message_leaves_as_the_api_wants_it(
    settings: dict[str, Any], changed: dict[str, Any], path: str, payload: dict[str, Any]
) -> None:
    http = FakeHttp(TAKEN)
    assert (await connector(**settings).send(replace(OUTGOING, **changed), http)).external_ids == ("aWdfOUT9",)
    (call,) = http.calls
    assert (call.method, call.url, call.json) == ("POST", f"{ROOT}/{path}", payload)
    assert call.headers["Authorization"] == "Bearer regia-instagram-access"


async def test_a_comment_is_answered_below_it() -> None:
    http = FakeHttp(answer({"id": "17900000000000099"}))
    await connector().send(replace(OUTGOING, to=TO_COMMENT, in_reply_to="17900000000000001"), http)
    (call,) = http.calls
    assert (call.url, call.json) == (f"{ROOT}/17900000000000001/replies", {"message": "È partita oggi."})


async def test_texts_are_counted_in_bytes_and_titles_in_characters() -> None:
    http = FakeHttp(*[TAKEN] * 3)
    text = " ".join(["però"] * 400)
    await connector().send(replace(OUTGOING, text=text, buttons=(Button(id="1", title="è" * 20),)), http)
    texts = [call.json["message"]["text"] for call in http.calls]
    assert " ".join(texts) == text
    assert all(len(part.encode()) <= 1000 for part in texts)
    assert ["quick_replies" in call.json["message"] for call in http.calls] == [False, False, True]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"last_inbound_at": ARRIVED - timedelta(hours=25)}, "window_closed"),
        ({"buttons": (Button(id="1", title="è" * 21),)}, "unsupported"),
        (
            {
                "files": (
                    OutgoingFile(filename="a", content_type="image/png", content=b"x" * 8_000_001, url="https://a.example"),
                )
            },
            "too_large",
        ),
        ({"to": Handle("messenger_user", f"{ACCOUNT}:1", "verified")}, "invalid_recipient"),
    ],
)
async def test_what_cannot_leave_is_refused_here(changed: dict[str, Any], code: SendCode) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as caught:
        await connector().send(replace(OUTGOING, **changed), http)
    assert caught.value.code == code
    assert not http.calls


def test_a_token_is_for_one_account() -> None:
    shared = {ACCOUNT: {"brand": "demo"}, "17841400000000002": {"brand": "demo"}}
    with pytest.raises(ValidationError, match="all accounts but one"):
        connector(accounts=shared)
    assert len(connector(accounts=shared, access_token=None).settings.accounts) == 2
