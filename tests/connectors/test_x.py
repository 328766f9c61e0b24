"""X: its check and signature, and what leaves when we answer."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Connector, Outgoing, OutgoingFile, Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import ARRIVED, post
from connectors.errors import MediaUnavailable, Rejected, SendFailed
from connectors.kit.outbound import now
from connectors.x.oauth import signature
from connectors.x.sending import POST_LIMITS
from normalizer.inbound import Button, Handle, InboundAttachment, InboundMessage, Reply
from tests.subjects.x import ACCOUNT, PROBLEMS, SECRET, SUBJECT, problem, sign

HELLO = '{"hello":"wörld"}'.encode()
SIGNED = "sha256=g4H4NzZc4Q06H9amWugHUz201zB48aQwpCIdDAWCDlQ="
CHALLENGED = b'{"response_token":"sha256=Q1lylmXww63JgK0GjL9XaJbpkOSqnRV8sOi7C6gkyB4="}'
USER = Handle("x_user", "111:222", "verified")
POST = Handle("x_post", "111:2080766000000000021", "verified")
OAUTH1 = {"consumer_key": "ck", "access_token": "at", "access_token_secret": "ats"}


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **changed)


def read(name: str) -> InboundMessage:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).messages
    return found


def challenge(token: str | None) -> Request:
    query = {} if token is None else {"crc_token": token, "nonce": "n"}
    return Request(method="GET", url="https://gw.example/", headers={}, query=query, body=b"", received_at=ARRIVED)


def changed(name: str, change: Any) -> Any:
    """What a sample becomes after a change of its JSON."""
    document = json.loads(SUBJECT.samples[name])
    change(document)
    return connector().parse(SUBJECT.request(json.dumps(document).encode()))


# signatures


def test_its_signature_is_that_of_the_document() -> None:
    connector().verify(post(HELLO, ARRIVED, {"x-twitter-webhooks-signature": SIGNED}, name="x"))
    with pytest.raises(Rejected, match="signature_wrong"):
        connector().verify(post(HELLO, ARRIVED, {"x-twitter-webhooks-signature": SIGNED[7:]}, name="x"))


def test_its_check_is_that_of_the_document() -> None:
    told = connector().handshake(challenge("abc123"))
    assert told is not None
    assert (told.status, told.body, told.content_type) == (200, CHALLENGED, "application/json")
    both = connector(consumer_secret=[SECRET, "older"]).handshake(challenge("abc123"))
    assert both == told
    assert connector().handshake(SUBJECT.request(b"{}")) is None


@pytest.mark.parametrize("token", [None, "", "a b", "x" * 257, '{"for_user_id":"111"}', "é"])
def test_the_check_signs_nothing_that_could_be_a_delivery(token: str | None) -> None:
    """It is made with the key of deliveries, for whoever asks."""
    with pytest.raises(Rejected, match="handshake_refused"):
        connector().handshake(challenge(token))


def test_oauth_signatures_are_those_of_the_document() -> None:
    """RFC 5849, section 1.2."""
    fields = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131202",
        "oauth_nonce": "chapoH",
    }
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    assert signature("GET", url, fields, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


# reading


def test_who_wrote_and_how_to_answer() -> None:
    found = read("dm")
    assert (found.brand, found.channel, found.account) == ("demo", "x", ACCOUNT)
    assert (found.sender.handle, found.fields) == (USER, {"x_username": "bea_m"})
    assert (found.event_key, found.reply) == ("111:2080765901528535001", Reply(allowed=("text",)))
    mention = read("mention")
    assert (mention.sender.handle, mention.reply.via) == (USER, POST)


def test_a_post_to_two_accounts_of_ours_comes_to_both() -> None:
    body = SUBJECT.samples["mention"].replace(b'"for_user_id":"111"', b'"for_user_id":"333"')
    both = connector(access_token=None, accounts={"111": {"brand": "demo"}, "333": {"brand": "other"}})
    (second,) = both.parse(sign(body, SECRET, ARRIVED)).messages
    assert (second.brand, second.event_key) == ("other", "333:2080766000000000021")
    assert second.event_key != read("mention").event_key


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("revoke", ["user_revoked"]),
        ("revoke_number", ["user_revoked"]),
        ("activity_revoke", ["user_revoked"]),
        ("activity_dm_joined", ["ParticipantsJoin"]),
        ("dm_other_type", ["participants_join"]),
        ("dm_typing", ["direct_message_indicate_typing_events"]),
        ("follow", ["follow", "unfollow"]),
        ("repost", ["repost"]),
        ("favorite", ["favorite_events"]),
        ("activity_profile", ["profile.update.bio"]),
        ("unknown_event_list", ["space_create_events"]),
    ],
)
def test_events_have_their_words(sample: str, words: list[str]) -> None:
    events = connector().parse(SUBJECT.request(SUBJECT.samples[sample])).events
    assert [event.type for event in events] == words
    assert {event.account for event in events} == {ACCOUNT}


def test_a_body_that_says_something_new_is_an_event() -> None:
    for body in (b'{"for_user_id":"111","novelty":{"a":1}}', b'{"for_user_id":"111"}'):
        parsed = connector().parse(SUBJECT.request(body))
        assert [event.type for event in parsed.events] == ["unknown"]


def test_nothing_beside_a_list_is_lost() -> None:
    def more(body: Any) -> None:
        body["user_event"] = json.loads(SUBJECT.samples["revoke"])["user_event"]
        body["data"] = json.loads(SUBJECT.samples["activity_profile"])["data"]

    parsed = changed("dm", more)
    assert [found.kind for found in parsed.messages] == ["text"]
    assert [event.type for event in parsed.events] == ["profile.update.bio", "user_revoked"]
    for one in (*parsed.messages, *parsed.events):
        again = connector().reread(one.raw, "application/json", ARRIVED)
        assert [other.event_key for other in (*again.messages, *again.events)] == [one.event_key]


def test_marks_of_reading_come_in_either_product() -> None:
    lists = json.loads(SUBJECT.samples["dm_read"])
    marks = [{**lists["direct_message_mark_read_events"][0], "sender_id": sender} for sender in ("222", "223")]
    data = {"event_uuid": "u", "filter": {"user_id": "111"}, "event_type": "dm.read"}
    body = json.dumps({"data": {**data, "payload": {"direct_message_mark_read_events": marks}}}).encode()
    parsed = connector().parse(SUBJECT.request(body))
    assert [(one.state, one.recipient) for one in parsed.statuses] == [("read", "222"), ("read", "223")]
    again = [connector().reread(one.raw, "application/json", ARRIVED).statuses[0] for one in parsed.statuses]
    assert [one.event_key for one in again] == [one.event_key for one in parsed.statuses]


def test_a_post_that_somebody_else_deleted_is_a_deletion() -> None:
    parsed = changed("post_deleted", lambda body: body["tweet_delete_events"][0]["status"].update(user_id="222"))
    (found,) = parsed.messages
    assert (found.kind, found.external_id, found.refers_to) == ("delete", "2080765000000000200", "2080765000000000200")
    assert (found.sender.handle, found.event_key) == (USER, "111:deleted:2080765000000000200")


def test_our_own_mark_of_reading_is_no_status() -> None:
    parsed = changed("dm_read", lambda body: body["direct_message_mark_read_events"][0].update(sender_id="111"))
    assert ([event.type for event in parsed.events], parsed.statuses) == (["read_by_us"], ())


def test_both_products_give_a_message_one_key() -> None:
    first, second = read("activity_dm_received_flat"), read("activity_dm_received")
    assert (first.event_key, first.fields, first.reply) == ("111:2080765901528535101", second.fields, second.reply)
    assert (first.sender.handle, first.sender.name) == (second.sender.handle, second.sender.name)


@pytest.mark.parametrize(
    ("conversation", "recipient"),
    [("111-222", "222"), ("222-111", "222"), ("1790", None), ("1-2", None), (5, None), (None, None)],
)
def test_who_gets_what_we_wrote_stands_in_the_conversation(conversation: Any, recipient: str | None) -> None:
    parsed = changed("activity_dm_sent_flat", lambda body: body["data"]["payload"].update(dm_conversation_id=conversation))
    assert [(one.state, one.recipient) for one in parsed.statuses] == [("echo", recipient)]


def test_a_video_of_v2_is_the_best_of_its_forms() -> None:
    def video(body: Any) -> None:
        forms = [{"bit_rate": rate, "content_type": "video/mp4", "url": f"https://v.example/{rate}"} for rate in (1, 3, 2)]
        body["data"]["includes"]["media"] = [{"media_key": "3_1", "type": "video", "variants": forms}]

    (found,) = changed("activity_dm_received_flat_photo", video).messages
    assert found.attachments == (InboundAttachment(reference="https://v.example/3", content_type="video/mp4"),)


def test_files_of_a_post_of_v2_stand_beside_it() -> None:
    def photo(body: Any) -> None:
        payload = body["data"]["payload"]
        payload["text"] += " https://t.co/f"
        payload["attachments"] = {"media_keys": ["3_1", 5]}
        payload["entities"]["urls"] = [{"url": "https://t.co/f", "expanded_url": "https://x.com/p/1", "media_key": "3_1"}]
        body["data"]["includes"]["media"] = [{"media_key": "3_1", "url": "https://pbs.example/1.jpg"}]

    (found,) = changed("activity_mention", photo).messages
    assert (found.text, found.attachments) == (
        "@regiashop ouvert dimanche ?",
        (InboundAttachment(reference="https://pbs.example/1.jpg"),),
    )


def test_a_deletion_by_somebody_else_comes_in_either_product() -> None:
    (found,) = changed("activity_post_delete", lambda body: body["data"]["payload"].update(author_id="222")).messages
    assert (found.kind, found.refers_to, found.sender.handle) == ("delete", "2080765813578191402", USER)


def test_a_quoted_post_that_is_not_beside_it_has_an_address() -> None:
    def alone(body: Any) -> None:
        del body["data"]["includes"]["tweets"]
        del body["data"]["payload"]["entities"]

    (found,) = changed("activity_quote", alone).messages
    quoted = "2080765000000000123"
    assert found.fields["x_quoted_id"] == quoted
    assert found.fields["x_quoted_url"] == f"https://x.com/i/web/status/{quoted}"
    assert "x_quoted_text" not in found.fields


@pytest.mark.parametrize("expanded", [None, 5, "", "javascript:alert(1)", "https://a b"])
def test_a_short_link_that_leads_nowhere_stays(expanded: Any) -> None:
    def link(body: Any) -> None:
        body["direct_message_events"][0]["message_create"]["message_data"].update(
            text="voir https://t.co/abc", entities={"urls": [{"url": "https://t.co/abc", "expanded_url": expanded}]}
        )

    (found,) = changed("dm", link).messages
    assert found.text == "voir https://t.co/abc"


def test_a_chat_without_a_sender_is_an_event() -> None:
    parsed = changed("activity_chat_received", lambda body: body["data"]["payload"].pop("sender_id"))
    assert ([event.type for event in parsed.events], parsed.messages) == (["chat.received"], ())


def test_links_to_files_are_not_the_customers_words() -> None:
    def link(body: Any) -> None:
        data = body["direct_message_events"][0]["message_create"]["message_data"]
        data["text"] = "Voici https://t.example/a https://t.example/Ab"

    (found,) = changed("dm_photo", link).messages
    assert found.text == "Voici https://t.example/a"


@pytest.mark.parametrize(
    ("attachment", "kind"),
    [
        ({"type": "location", "location": {"type": "shared_place", "shared_place": {"place": {}}}}, "unsupported"),
        ({"type": "hologram"}, "unsupported"),
        ({"type": "location", "location": {"shared_coordinate": {"coordinates": {"coordinates": [1]}}}}, None),
        ({"type": "media", "media": {}}, None),
    ],
)
def test_other_attachments_keep_the_words(attachment: Any, kind: str | None) -> None:
    def attach(body: Any) -> None:
        body["direct_message_events"][0]["message_create"]["message_data"]["attachment"] = attachment

    parsed = changed("dm", attach)
    assert [found.kind for found in parsed.messages] == ([kind] if kind else [])
    assert len(parsed.unreadable) == (0 if kind else 1)
    assert all((found.text or "").startswith("Bonjour") for found in parsed.messages)


def test_posts_of_v2_say_what_they_answer() -> None:
    def answering(body: Any) -> None:
        body["data"]["payload"]["referenced_tweets"] = [{"type": "quoted", "id": "1"}, {"type": "replied_to", "id": "2"}]
        body["data"]["payload"]["note_tweet"] = {"text": "longer &amp; longer"}

    (found,) = changed("activity_mention", answering).messages
    assert (found.thread.in_reply_to, found.text) == ("2", "longer & longer")


def test_files_of_a_long_post_are_those_of_the_long_form() -> None:
    def extended(body: Any) -> None:
        media = [{"media_url_https": f"https://pbs.twimg.com/{name}.jpg"} for name in "ab"]
        body["tweet_create_events"][0]["extended_tweet"]["extended_entities"] = {"media": media}

    (found,) = changed("mention_long", extended).messages
    assert found.attachments == tuple(InboundAttachment(reference=f"https://pbs.twimg.com/{name}.jpg") for name in "ab")


@pytest.mark.parametrize(
    "created", ["Sat Nov 21", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-11-21T18:03:20", 5]
)
def test_a_time_that_is_none_does_not_matter(created: Any) -> None:
    (found,) = changed("mention_created_at", lambda body: body["tweet_create_events"][0].update(created_at=created)).messages
    assert found.sent_at is None or created == 5


# answering

DM_URL = "https://api.x.com/2/dm_conversations/with/222/messages"
POST_URL = "https://api.x.com/2/tweets"
DM_TAKEN = answer({"data": {"dm_conversation_id": "111-222", "dm_event_id": "9"}}, 201)


def posted(number: int) -> Any:
    return answer({"data": {"id": str(number), "text": "x"}}, 201)


async def test_a_direct_message_leaves() -> None:
    http = FakeHttp(DM_TAKEN)
    assert (await connector().send(message(), http)).external_ids == ("9",)
    (call,) = http.calls
    assert (call.method, call.url, call.json) == ("POST", DM_URL, {"text": "La poêle est partie aujourd'hui."})
    assert call.headers == {"Authorization": "Bearer regia-x-access"}


async def test_parts_of_an_answer_to_a_post_answer_one_another() -> None:
    http = FakeHttp(posted(1), posted(2), posted(3))
    sent = await connector().send(message(to=POST, text="parola " * 100), http)
    assert sent.external_ids == ("1", "2", "3")
    assert [call.url for call in http.calls] == [POST_URL] * 3
    assert [call.json["reply"]["in_reply_to_tweet_id"] for call in http.calls] == ["2080766000000000021", "1", "2"]
    assert all(set(call.json) == {"text", "reply"} and len(call.json["text"]) <= 280 for call in http.calls)


@pytest.mark.parametrize(
    ("text", "weight"),
    [("a" * 280, 280), ("è", 1), ("你好", 4), ("😀", 2), ("https://a.it", 23), ("a.it.", 23), ("fine.", 5), ("…", 2), ("–", 1)],  # noqa: RUF001
)
def test_posts_are_weighed(text: str, weight: int) -> None:
    assert POST_LIMITS.measure(text) == weight


async def test_keys_that_do_not_end_sign_the_call() -> None:
    http = FakeHttp(DM_TAKEN)
    await connector(access_token=None, oauth1=OAUTH1).send(message(), http)
    header = http.calls[0].headers["Authorization"]
    fields = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    assert {"oauth_consumer_key": '"ck"', "oauth_token": '"at"', "oauth_version": '"1.0"'}.items() <= fields.items()
    assert abs(int(fields["oauth_timestamp"].strip('"')) - now().timestamp()) < 60
    assert SECRET not in header
    assert "ats" not in header


PDF = OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"%PDF", url="https://files.example/a.pdf")


@pytest.mark.parametrize(
    ("settings", "more", "code"),
    [
        ({"access_token": None}, {}, "auth"),
        ({}, {"files": (PDF,)}, "unsupported"),
        ({}, {"to": POST, "files": (PDF,)}, "unsupported"),
        ({}, {"to": POST, "buttons": (Button(title="a"),)}, "unsupported"),
        ({}, {"to": Handle("x_user", "111:ada", "verified")}, "invalid_recipient"),
        ({}, {"to": Handle("x_user", "111:", "verified")}, "invalid_recipient"),
    ],
)
async def test_what_is_refused_before_anybody_is_asked(settings: dict[str, Any], more: dict[str, Any], code: str) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as failed:
        await connector(**settings).send(message(**more), http)
    assert (failed.value.code, http.calls) == (code, [])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(problem(403, "Reply to this conversation is not allowed because …"), 403), "blocked_by_user"),
        (answer(problem(403, "You are not allowed to create a Tweet with duplicate content."), 403), "unsupported"),
        (answer(problem(403, "x", f"{PROBLEMS}client-forbidden"), 403), "auth"),
        (answer(problem(429, "x", f"{PROBLEMS}usage-capped"), 429), "auth"),
        (answer({"data": {}}, 201), "unknown"),
        (answer({"title": "Not Found"}, 404), "invalid_recipient"),
    ],
)
async def test_what_refusals_mean(said: Any, code: str) -> None:
    with pytest.raises(SendFailed) as failed:
        await connector().send(message(to=POST), FakeHttp(said))
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"x-rate-limit-reset": "in 600 seconds"}, 300, 600),
        ({"x-rate-limit-reset": "1"}, 1, 1),
        ({"x-rate-limit-reset": "1", "retry-after": "30"}, 30, 30),
    ],
)
async def test_the_end_of_the_window_is_told(headers: dict[str, str], least: float, most: float) -> None:
    at = str(int(now().timestamp()) + 600)  # of now: the parameters are made long before
    headers = {name: at if value == "in 600 seconds" else value for name, value in headers.items()}
    with pytest.raises(SendFailed) as failed:
        await connector().send(message(), FakeHttp(answer({}, 429, headers)))
    assert failed.value.code == "rate_limited"
    assert failed.value.retry_after is not None
    assert least <= failed.value.retry_after <= most


async def test_files_are_asked_for_in_our_users_name() -> None:
    http = FakeHttp(file=b"jpeg")
    url = "https://ton.x.com/1.1/ton/data/dm/a.jpg"
    for settings in ({}, {"access_token": None, "oauth1": OAUTH1}, {"access_token": None}):
        await connector(**settings).fetch(url, ACCOUNT, http)
    assert [call.headers.get("Authorization", "").partition(" ")[0] for call in http.calls] == ["Bearer", "OAuth", ""]
    assert http.calls[0].hosts == ("ton.x.com", "ton.twitter.com", ".twimg.com")


@pytest.mark.parametrize("reference", ["https://[x", "https://ton.x.com/\ud83d"])
async def test_an_address_that_is_none_is_refused(reference: str) -> None:
    with pytest.raises(MediaUnavailable) as unavailable:
        await connector(access_token=None, oauth1=OAUTH1).fetch(reference, ACCOUNT, FakeHttp())
    assert unavailable.value.reason == "refused"


@pytest.mark.parametrize(
    "changed", [{"oauth1": OAUTH1}, {"accounts": {"111": {"brand": "demo"}, "333": {"brand": "demo"}}}, {"consumer_secret": ""}]
)
def test_settings_that_could_send_in_the_wrong_name_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        connector(**changed)
