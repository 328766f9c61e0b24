"""Messenger and page comments: what is particular to them. Samples and the conformance suite hold the rest."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Answer, Outgoing, OutgoingFile, Parsed, Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import HttpFailed, Rejected, SendCode, SendFailed
from connectors.messenger import Messenger, MessengerSettings
from connectors.messenger_feed import AUTHOR, COMMENT, POST
from normalizer.inbound import Button, Handle, InboundMessage, Page, Reaction
from tests.subjects.messenger import COMMENTS, PAGE, SECRET, SUBJECT, sign

ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
USER = Handle("messenger_user", f"{PAGE}:7246810121416182", "verified")
COMMENT_ID = "771000000000001_880001"
OUTGOING = Outgoing(
    to=USER,
    text="La padella è partita oggi.",
    account=PAGE,
    in_reply_to="m_ORIG",
    token="reply-0001",
    last_inbound_at=ARRIVED - timedelta(hours=23),
)
TO_COMMENT = replace(OUTGOING, to=Handle(COMMENT, f"{PAGE}:{COMMENT_ID}", "verified"), in_reply_to=COMMENT_ID)
TAKEN = answer({"recipient_id": "7246810121416182", "message_id": "m_OUT9"})
BELOW = answer({"id": "771000000000001_880099"})
PICTURE = OutgoingFile(filename="a.jpg", content_type="image/jpeg", content=b"x", url="https://cdn.example/a.jpg")


def connector(**changed: Any) -> Messenger:
    settings = MessengerSettings.model_validate({**SUBJECT.settings, **changed})
    return Messenger("messenger-it", settings, now=lambda: ARRIVED)


def read(document: Any, **changed: Any) -> Parsed:
    return connector(**changed).parse(sign(json.dumps(document).encode(), SECRET, ARRIVED))


def message(name: str, **changed: Any) -> InboundMessage:
    samples = {**COMMENTS.samples, **SUBJECT.samples}
    (found,) = connector(**changed).parse(sign(samples[name], SECRET, ARRIVED)).messages
    return found


def element(**parts: Any) -> dict[str, Any]:
    return {"sender": {"id": "7"}, "recipient": {"id": PAGE}, "timestamp": 1767225600000, **parts}


def messaging(*elements: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": list(elements)}]}


def feed(**value: Any) -> dict[str, Any]:
    change = {"field": "feed", "value": {"post_id": f"{PAGE}_77", "created_time": 1767225600, **value}}
    return {"object": "page", "entry": [{"id": PAGE, "time": 1, "changes": [change]}]}


# --- handshake and signature ------------------------------------------------------------------------------------------


def get(**query: str) -> Request:
    return replace(sign(b"", SECRET, ARRIVED), method="GET", query={name.replace("_", ".", 1): v for name, v in query.items()})


def test_the_challenge_is_answered_bare() -> None:
    request = get(hub_mode="subscribe", hub_verify_token="regia-verify", hub_challenge="1158201444")
    assert connector().handshake(request) == Answer(body=b"1158201444")
    assert connector().handshake(sign(b"{}", SECRET, ARRIVED)) is None


def test_another_word_is_refused() -> None:
    with pytest.raises(Rejected, match="handshake_refused"):
        connector().handshake(get(hub_mode="subscribe", hub_verify_token="guessed", hub_challenge="1"))


def test_the_published_vector_verifies() -> None:
    signature = "sha256=27108134c2cdd8e9aabee8811ad1b324bb3cccd5671816dbf1d8d44b7495e3c1"
    body = '{"hello":"wörld"}'.encode()
    connector().verify(replace(sign(body, SECRET, ARRIVED), headers={"x-hub-signature-256": signature}))


# --- messages ---------------------------------------------------------------------------------------------------------


def test_the_frame_of_a_message() -> None:
    found = message("text")
    assert (found.brand, found.channel, found.account) == ("demo", "messenger", PAGE)
    assert (found.event_key, found.external_id, found.sender.handle) == ("m_Wq3kT0yUu8dHc2fZb01", "m_Wq3kT0yUu8dHc2fZb01", USER)
    assert found.reply.allowed == ("text", "image", "video", "audio", "document")
    assert (found.reply.until, found.reply.via) == (WRITTEN + DAY, None)


def test_the_window_is_a_week_for_human_agents() -> None:
    assert message("text", human_agent=True).reply.until == WRITTEN + WEEK
    assert message("time_missing").reply.until == ARRIVED + DAY


def test_what_happens_to_one_message_has_keys_of_its_own() -> None:
    names = ("text", "deleted", "edited", "edited_twice")
    found = [message(name) for name in names]
    assert {one.external_id for one in found} == {"m_Wq3kT0yUu8dHc2fZb01"}
    assert [one.event_key.partition("01")[2] for one in found] == ["", ":deleted", ":edit:1", ":edit:2"]


def test_a_reaction_and_its_taking_back_are_two_events() -> None:
    given, taken = message("reaction"), message("reaction_removed")
    assert given.external_id == taken.external_id == "m_prevMessageOfOurs-1"
    assert given.event_key != taken.event_key


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("sticker_thumb", {"meta_sticker": "369239263222822"}),
        (
            "shared_link",
            {"meta_attachments": ["fallback"], "meta_link": "https://shop.example/p/17", "meta_link_title": "Blue mug"},
        ),
        (
            "product_template",
            {
                "meta_attachments": ["template"],
                "meta_products": ["4455667788990011"],
                "meta_product_skus": ["MUG-BLUE"],
                "meta_product_titles": ["Blue mug"],
                "meta_product_subtitles": ["EUR 9.90"],
                "meta_product_images": ["https://shop.example/i/17.jpg"],
            },
        ),
        ("unknown_attachment", {"meta_attachments": ["hologram"], "meta_depth": 3}),
        ("post_shared", {"meta_attachments": ["post"], "meta_id": "18012345678901234"}),
        (
            "appointment_booking",
            {
                "meta_attachments": ["appointment_booking"],
                "meta_booking_id": "BK-12",
                "meta_status": "requested",
                "meta_start_time": 1739612400,
                "meta_end_time": 1739616000,
                "meta_timezone": "Europe/Rome",
            },
        ),
        (
            "feedback",
            {
                "feedback_hauydmns8": "2",
                "feedback_hauydmns8_type": "csat",
                "feedback_nps1": "3",
                "feedback_nps1_type": "nps",
            },
        ),
        (
            "review_stars_only",
            {"meta_post": "1122334455667788", "meta_rating": 2},
        ),
        ("attachment_malformed", {}),
        (
            "postback_get_started",
            {"referral_ref": "flyer-7", "referral_source": "SHORTLINK", "referral_type": "OPEN_THREAD"},
        ),
        (
            "text_from_advertisement",
            {
                "referral_ref": "summer",
                "referral_source": "ADS",
                "referral_type": "OPEN_THREAD",
                "referral_ad": "23851234567890123",
            },
        ),
    ],
)
def test_what_has_no_place_of_its_own_is_a_field(name: str, fields: dict[str, Any]) -> None:
    assert message(name).fields == fields


def test_an_advertisement_is_the_page_the_customer_came_from() -> None:
    assert message("text_from_advertisement").page == Page(title="Summer sale")


@pytest.mark.parametrize(
    ("attachment", "kind", "text"),
    [
        ({"type": "fallback", "url": "https://shop.example/p/17", "title": "Blue mug"}, "text", "https://shop.example/p/17"),
        ({"type": "fallback", "title": "Blue mug"}, "text", "Blue mug"),
        ({"type": "fallback", "payload": None}, "unsupported", None),
        ({"type": "location", "payload": {}}, "unsupported", None),
        ({"type": "template", "payload": {"elements": []}}, "unsupported", None),
        ({"type": "hologram", "payload": {"url": "https://scontent.xx.fbcdn.net/h"}}, "media", None),
    ],
)
def test_an_attachment_alone(attachment: dict[str, Any], kind: str, text: str | None) -> None:
    (found,) = read(messaging(element(message={"mid": "m_1", "attachments": [attachment]}))).messages
    assert (found.kind, found.text) == (kind, text)


def test_a_place_without_numbers_is_not_guessed() -> None:
    attachment = {"type": "location", "payload": {"coordinates": {"lat": "52", "long": 13}}}
    parsed = read(messaging(element(message={"mid": "m_1", "attachments": [attachment]})))
    assert [kept.reason for kept in parsed.unreadable] == ["unreadable"]
    assert "payload.coordinates.lat" in parsed.unreadable[0].detail


def test_a_file_has_the_name_it_was_sent_with() -> None:
    names = [file.filename for file in message("media_all_kinds").attachments]
    assert names == [None, None, "invoice 4711.pdf", None, None]


def test_what_is_named_twice_is_a_list() -> None:
    links = [{"type": "fallback", "url": f"https://shop.example/{number}"} for number in (1, 2)]
    (found,) = read(messaging(element(message={"mid": "m_1", "attachments": links}))).messages
    assert found.fields["meta_link"] == ["https://shop.example/1", "https://shop.example/2"]
    assert found.fields["meta_attachments"] == ["fallback", "fallback"]


def test_a_person_known_by_a_user_ref_is_scoped_to_the_page() -> None:
    found = message("user_ref_message")
    assert found.sender.handle == Handle("messenger_ref", f"{PAGE}:chk:7f3a", "verified")
    assert found.reply.until == datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC) + DAY


def test_the_account_s_own_id_counts_more_than_a_user_ref() -> None:
    (found,) = read(messaging(element(sender={"user_ref": "chk", "id": "7"}, message={"mid": "m_1", "text": "x"}))).messages
    assert found.sender.handle == Handle("messenger_user", f"{PAGE}:7", "verified")


def test_a_receipt_of_somebody_known_by_a_user_ref() -> None:
    (found,) = read(messaging(element(sender={"user_ref": "chk-7"}, read={"watermark": 1767225619900}))).statuses
    assert found.recipient == "chk-7"


def test_addresses_in_a_form_are_claims() -> None:
    assert message("customer_information").sender.claims == (
        Handle("email", "ada@example.com", "claimed"),
        Handle("phone", "+393331234567", "claimed"),
    )


@pytest.mark.parametrize("value", ["333 1234567", "call me", "", None, "1" * 400])
def test_what_is_no_address_stays_a_field(value: Any) -> None:
    screens = [{"responses": [{"key": "phone", "value": value}, {"key": "city", "value": "Milano"}]}]
    (found,) = read(messaging(element(messaging_customer_information={"screens": screens}))).messages
    assert found.sender.claims == ()
    assert found.fields == {"customer_city": "Milano"} | ({"customer_phone": value} if value else {})


@pytest.mark.parametrize(
    ("word", "emoji"), [("Good response", "👍"), ("Bad response", "👎"), ("bad response", "👎"), ("So-so", "So-so")]
)
def test_thumbs(word: str, emoji: str) -> None:
    (found,) = read(messaging(element(response_feedback={"feedback": word, "mid": "m_1"}))).messages
    assert found.reaction == Reaction(emoji=emoji)
    assert found.event_key != "m_1"


def test_feedback_without_a_time_has_its_entry_s() -> None:
    feedback = {
        "sender": {"id": "7"},
        "recipient": {"id": PAGE},
        "messaging_feedback": {"feedback_screens": [{"questions": {"q": {"type": "csat", "payload": "5"}}}]},
    }

    def told(at: int) -> InboundMessage:
        (found,) = read({"object": "page", "entry": [{"id": PAGE, "time": at, "messaging": [feedback]}]}).messages
        return found

    first, again, later = told(1767225600000), told(1767225600000), told(1767312000000)
    assert first.sent_at == WRITTEN
    assert first.event_key == again.event_key != later.event_key


# --- statuses and events ----------------------------------------------------------------------------------------------


def test_receipts_name_messages_or_a_time() -> None:
    receipt = element(delivery={"mids": ["m_1", "m_2"], "watermark": 1767225618900})
    before = element(read={"watermark": 1767225619900})
    found = read(messaging(receipt, before)).statuses
    told = f"{PAGE}:7:read:1767225619900"
    assert [(one.event_key, one.external_id, one.state, one.recipient) for one in found] == [
        ("m_1:delivered", "m_1", "delivered", "7"),
        ("m_2:delivered", "m_2", "delivered", "7"),
        (told, told, "read", "7"),
    ]
    assert found[2].at == datetime(2026, 1, 1, 0, 0, 19, 900_000, tzinfo=UTC)


def test_an_echo_hands_back_our_token() -> None:
    (echo,) = connector().parse(sign(SUBJECT.samples["echo"], SECRET, ARRIVED)).statuses
    assert (echo.state, echo.recipient, echo.token) == ("echo", "7246810121416182", "regia")


@pytest.mark.parametrize("metadata", ["x" * 1000, "a\x00b", 7, None])
def test_what_other_apps_write_into_an_echo_costs_nothing(metadata: Any) -> None:
    echo = element(sender={"id": PAGE}, message={"mid": "m_1", "is_echo": True, "metadata": metadata})
    (found,) = read(messaging(echo)).statuses
    assert found.token in (None, "7")


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("referral", ["referral"]),
        ("optin_checkbox", ["optin"]),
        ("standby", ["standby", "standby"]),
        ("handover", ["pass_thread_control", "take_thread_control", "app_roles"]),
        ("unknown_event", ["teleportation"]),
        ("comment_hidden", ["feed.comment.hide", "feed.comment.unhide"]),
        ("other_fields", ["ratings.x.add", "leadgen", "future_field"]),
    ],
)
def test_events(name: str, types: list[str]) -> None:
    samples = {**COMMENTS.samples, **SUBJECT.samples}
    found = connector().parse(sign(samples[name], SECRET, ARRIVED)).events
    assert [event.type for event in found] == types
    assert {event.account for event in found} == {PAGE}


def test_what_the_page_itself_does_besides_writing_is_an_event() -> None:
    mine = element(sender={"id": PAGE}, recipient={"id": "7"}, reaction={"mid": "m_1", "action": "react", "emoji": "❤"})
    assert [event.type for event in read(messaging(mine)).events] == ["reaction.ours"]


def test_another_product_of_meta_is_not_read() -> None:
    parsed = read({"object": "instagram", "entry": [{"id": PAGE, "messaging": []}]})
    assert [kept.reason for kept in parsed.unreadable] == ["unreadable"]


def test_an_entry_without_anything_known_is_kept() -> None:
    parsed = read({"object": "page", "entry": [{"id": PAGE, "time": 1, "surprise": [1]}]})
    assert [kept.reason for kept in parsed.unreadable] == ["unreadable"]


# --- comments ---------------------------------------------------------------------------------------------------------


def test_the_frame_of_a_comment() -> None:
    found = message("comment")
    assert (found.brand, found.channel, found.account) == ("demo", "facebook_comments", PAGE)
    assert found.sender.handle == Handle(AUTHOR, f"{PAGE}:5432109876543210", "verified")
    assert found.fields == {"meta_post": f"{PAGE}_771000000000001"}
    assert found.page == Page(url="https://www.facebook.com/example/posts/1")
    assert found.reply.via == TO_COMMENT.to, "the answer goes to the comment"
    assert (found.reply.allowed, found.reply.until) == (("text",), None)


def test_a_private_answer_has_a_week() -> None:
    found = message("comment", comments="private")
    assert found.sent_at is not None
    assert found.reply.until == found.sent_at + WEEK


def test_comments_may_be_a_channel_of_their_own() -> None:
    accounts = {PAGE: {"brand": "demo", "name": "shop", "channel": "chat", "comments_channel": "wall"}}
    assert (message("comment", accounts=accounts).channel, message("comment", accounts=accounts).account) == ("wall", "shop")
    assert message("text", accounts=accounts).channel == "chat"
    without = {PAGE: {"brand": "demo", "channel": "chat"}}
    assert message("comment", accounts=without).channel == "facebook_comments"


def test_an_author_who_is_not_named_is_the_comment() -> None:
    found = message("comment_without_author")
    assert found.sender.handle == Handle(COMMENT, f"{PAGE}:771000000000001_880007", "verified")


def test_a_removed_comment_cannot_be_answered() -> None:
    assert message("comment_removed").reply.allowed == ()


def test_edits_and_removals_of_a_comment_have_keys_of_their_own() -> None:
    keys = [message(name).event_key for name in ("comment", "comment_edited", "comment_removed")]
    assert keys[0] == f"{PAGE}:{COMMENT_ID}"
    assert keys[2] == f"{PAGE}:{COMMENT_ID}:removed"
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("verb", "state"), [("add", "echo"), ("edited", "other:edited"), ("remove", "deleted"), ("delete", "deleted")]
)
def test_the_page_s_own_comment_is_a_status(verb: str, state: str) -> None:
    parsed = read(feed(item="comment", verb=verb, comment_id="77_88", **{"from": {"id": PAGE}}))
    assert [(one.external_id, one.state) for one in parsed.statuses] == [("77_88", state)]
    assert not parsed.messages


def test_a_post_of_a_visitor_is_a_contact() -> None:
    found = message("visitor_post")
    post = f"{PAGE}_771000000000003"
    assert (found.kind, found.text, found.external_id) == ("comment", "My parcel never came", post)
    assert (found.reply.via, found.thread.in_reply_to) == (Handle(POST, f"{PAGE}:{post}", "verified"), None)


@pytest.mark.parametrize("author", [{"id": PAGE}, None])
def test_a_post_of_the_page_is_none(author: Any) -> None:
    parsed = read(feed(item="status", verb="add", message="We are open", **{"from": author}))
    assert [event.type for event in parsed.events] == ["feed.status.add"]
    assert not parsed.messages


@pytest.mark.parametrize("comments", ["public", "private"])
@pytest.mark.parametrize(("name", "kind"), [("review_stars_only", "facebook_review"), ("comment", COMMENT)])
def test_a_review_is_answered_in_public_whatever_comments_are(name: str, kind: str, comments: str) -> None:
    reply = message(name, comments=comments).reply
    assert reply.via is not None
    assert reply.via.kind == kind
    assert (reply.until is None) == (comments == "public" or kind != COMMENT)


def test_what_becomes_of_a_review_has_keys_of_its_own() -> None:
    found = connector().parse(sign(COMMENTS.samples["review"], SECRET, ARRIVED)).messages
    assert len({one.event_key for one in found}) == 3
    assert {one.external_id for one in found} == {"1122334455667788"}
    assert [one.reply.allowed for one in found] == [("text",), ("text",), ()]


def test_a_review_that_only_turns_from_yes_to_no_is_another_edit() -> None:
    def edited(word: str) -> str:
        value = {"item": "rating", "verb": "edited", "open_graph_story_id": "5", "recommendation_type": word}
        change = {"field": "ratings", "value": value}
        (found,) = read({"object": "page", "entry": [{"id": PAGE, "changes": [change]}]}).messages
        return found.event_key

    assert edited("positive") != edited("negative")


def test_mentions_say_so_and_are_contacts_without_visitors_posts_too() -> None:
    found = connector(visitor_posts=False).parse(sign(COMMENTS.samples["mention"], SECRET, ARRIVED)).messages
    assert {one.fields["meta_mention"] for one in found} == {True}
    assert found[0].reply.via == Handle("facebook_mention", f"{PAGE}:55_66", "verified")


def test_without_visitors_posts_a_share_is_an_event() -> None:
    parsed = connector(visitor_posts=False).parse(sign(SUBJECT.samples["visitor_share"], SECRET, ARRIVED))
    assert not parsed.messages
    assert [event.type for event in parsed.events] == [
        "feed.share.add",
        "feed.experience.add",
        "feed.share.add",
        "feed.share.add",
    ]


# --- out --------------------------------------------------------------------------------------------------------------

TO_USER = {"recipient": {"id": "7246810121416182"}}
RESPONSE = {"messaging_type": "RESPONSE"}
TAGGED = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
TEXT = {"text": "La padella è partita oggi.", "metadata": "reply-0001"}
LATE = {"last_inbound_at": ARRIVED - timedelta(days=2)}


@pytest.mark.parametrize(
    ("settings", "changed", "path", "payload"),
    [
        ({}, {}, f"{PAGE}/messages", {**TO_USER, **RESPONSE, "message": TEXT}),
        ({}, {"last_inbound_at": None}, f"{PAGE}/messages", {**TO_USER, **RESPONSE, "message": TEXT}),
        (
            {},
            {"buttons": (Button(id="Y", title="Sì"), Button(title="No"))},
            f"{PAGE}/messages",
            {
                **TO_USER,
                **RESPONSE,
                "message": {
                    **TEXT,
                    "quick_replies": [
                        {"content_type": "text", "title": "Sì", "payload": "Y"},
                        {"content_type": "text", "title": "No", "payload": "No"},
                    ],
                },
            },
        ),
        (
            {},
            {"text": "", "files": (PICTURE,)},
            f"{PAGE}/messages",
            {
                **TO_USER,
                **RESPONSE,
                "message": {
                    "attachment": {"type": "image", "payload": {"url": "https://cdn.example/a.jpg"}},
                    "metadata": "reply-0001",
                },
            },
        ),
        ({"human_agent": True}, {}, f"{PAGE}/messages", {**TO_USER, **RESPONSE, "message": TEXT}),
        ({"human_agent": True}, LATE, f"{PAGE}/messages", {**TO_USER, **TAGGED, "message": TEXT}),
    ],
)
async def test_a_message_leaves_as_the_api_wants_it(
    settings: dict[str, Any], changed: dict[str, Any], path: str, payload: dict[str, Any]
) -> None:
    http = FakeHttp(TAKEN)
    assert (await connector(**settings).send(replace(OUTGOING, **changed), http)).external_ids == ("m_OUT9",)
    (call,) = http.calls
    assert (call.method, call.url, call.json) == ("POST", f"https://graph.facebook.com/v25.0/{path}", payload)
    assert call.headers["Authorization"] == "Bearer regia-page-access"


async def test_a_person_known_by_a_user_ref_is_written_to_by_it() -> None:
    http = FakeHttp(TAKEN)
    await connector().send(replace(OUTGOING, to=Handle("messenger_ref", f"{PAGE}:chk:7f3a", "verified")), http)
    assert http.calls[0].json["recipient"] == {"user_ref": "chk:7f3a"}


@pytest.mark.parametrize("kind", ["facebook_review", "facebook_mention"])
async def test_reviews_and_mentions_have_no_private_answers(kind: str) -> None:
    http = FakeHttp(BELOW)
    await connector(comments="private").send(replace(TO_COMMENT, to=Handle(kind, f"{PAGE}:5", "verified")), http)
    assert http.calls[0].url.endswith(f"/{COMMENT_ID}/comments")


@pytest.mark.parametrize("kind", [COMMENT, AUTHOR, POST])
async def test_a_comment_is_answered_below_it(kind: str) -> None:
    http = FakeHttp(BELOW)
    sent = await connector().send(replace(TO_COMMENT, to=Handle(kind, f"{PAGE}:5", "verified"), last_inbound_at=WRITTEN), http)
    (call,) = http.calls
    assert sent.external_ids == ("771000000000001_880099",)
    assert call.url == f"https://graph.facebook.com/v25.0/{COMMENT_ID}/comments"
    assert call.json == {"message": "La padella è partita oggi."}


@pytest.mark.parametrize(("kind", "key"), [(COMMENT, "comment_id"), (AUTHOR, "comment_id"), (POST, "post_id")])
async def test_a_comment_is_answered_by_a_message(kind: str, key: str) -> None:
    http = FakeHttp(TAKEN)
    outgoing = replace(TO_COMMENT, to=Handle(kind, f"{PAGE}:5", "verified"), last_inbound_at=ARRIVED - timedelta(days=6))
    assert (await connector(comments="private").send(outgoing, http)).external_ids == ("m_OUT9",)
    (call,) = http.calls
    assert call.url == f"https://graph.facebook.com/v25.0/{PAGE}/messages"
    assert call.json == {"recipient": {key: COMMENT_ID}, **RESPONSE, "message": TEXT}


async def test_an_account_has_its_own_token() -> None:
    http = FakeHttp(TAKEN)
    accounts = {PAGE: {"brand": "demo", "access_token": "of-the-page"}}
    await connector(accounts=accounts, access_token=None).send(OUTGOING, http)
    assert http.calls[0].headers["Authorization"] == "Bearer of-the-page"


@pytest.mark.parametrize(
    ("settings", "message", "code"),
    [
        ({}, replace(OUTGOING, last_inbound_at=ARRIVED - timedelta(hours=25)), "window_closed"),
        ({"human_agent": True}, replace(OUTGOING, last_inbound_at=ARRIVED - timedelta(days=8)), "window_closed"),
        ({"human_agent": True}, replace(OUTGOING, **LATE, automatic=True), "window_closed"),
        ({}, replace(OUTGOING, files=(replace(PICTURE, url=None),)), "unsupported"),
        ({"access_token": None}, OUTGOING, "auth"),
        ({}, replace(TO_COMMENT, files=(PICTURE,)), "unsupported"),
        ({}, replace(TO_COMMENT, buttons=(Button(title="Sì"),)), "unsupported"),
        ({"comments": "private"}, replace(TO_COMMENT, last_inbound_at=ARRIVED - timedelta(days=8)), "window_closed"),
        ({"comments": "private"}, replace(TO_COMMENT, text="parola " * 500), "too_large"),
        ({"comments": "private"}, replace(TO_COMMENT, files=(PICTURE,)), "unsupported"),
        ({}, replace(TO_COMMENT, to=Handle(COMMENT, "", "verified"), in_reply_to=None), "invalid_recipient"),
    ],
)
async def test_what_cannot_leave_is_refused_here(settings: dict[str, Any], message: Outgoing, code: SendCode) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as caught:
        await connector(**settings).send(message, http)
    assert caught.value.code == code
    assert not http.calls


def graph_error(code: int, subcode: int | None = None, status: int = 400, **more: Any) -> Any:
    named = {} if subcode is None else {"error_subcode": subcode}
    return answer({"error": {"message": "(#…)", "type": "OAuthException", "code": code, **named, **more}}, status)


@pytest.mark.parametrize(
    ("given", "code", "provider_code"),
    [
        (graph_error(10, 2018278, 403), "window_closed", "10/2018278"),
        (graph_error(10, 2018065), "window_closed", "10/2018065"),
        (graph_error(10, 9999999, 403), "auth", "10/9999999"),
        (graph_error(10, None, 403), "auth", "10"),
        (graph_error(200, 1545041, 403), "blocked_by_user", "200/1545041"),
        (graph_error(200, 2018028, 403), "auth", "200/2018028"),
        (graph_error(551, 1545041), "blocked_by_user", "551/1545041"),
        (graph_error(100, 2018001), "invalid_recipient", "100/2018001"),
        (graph_error(100, 33), "invalid_recipient", "100/33"),
        (graph_error(100, 2018109), "too_large", "100/2018109"),
        (graph_error(100), "unsupported", "100"),
        (graph_error(190, 463, 401), "auth", "190/463"),
        (graph_error(190, 463, 200), "auth", "190/463"),
        (graph_error(368), "auth", "368"),
        (graph_error(613), "rate_limited", "613"),
        (graph_error(4, None, 403), "rate_limited", "4"),
        (graph_error(2, None, 500), "retryable", "2"),
        (graph_error(1200), "retryable", "1200"),
        (graph_error(10900), "unsupported", "10900"),
        (graph_error(999999, 1, is_transient=True), "retryable", "999999/1"),
        (graph_error(999999), "unsupported", "999999"),
        (answer({"recipient_id": "7"}), "unknown", None),
        (HttpFailed("timeout", sent=True), "unknown", None),
    ],
)
async def test_failures_have_a_code(given: Any, code: SendCode, provider_code: str | None) -> None:
    with pytest.raises(SendFailed) as caught:
        await connector().send(OUTGOING, FakeHttp(given))
    assert (caught.value.code, caught.value.provider_code) == (code, provider_code)


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_file_is_fetched_without_our_token_and_only_from_meta() -> None:
    http = FakeHttp(file=b"JPEG")
    fetched = await connector().fetch("https://scontent.xx.fbcdn.net/a.jpg?oe=1", PAGE, http)
    assert fetched.content == b"JPEG"
    (call,) = http.calls
    assert (call.url, dict(call.headers)) == ("https://scontent.xx.fbcdn.net/a.jpg?oe=1", {})
    assert call.hosts == (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
