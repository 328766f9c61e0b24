"""The chat: what each frame becomes, who is who, and what is said about a frame that cannot be taken."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Outgoing, Parsed
from connectors.chat import Chat, ChatSettings
from connectors.chat.prepared import FRAME, USER_AT, Client
from connectors.errors import Rejected
from connectors.forms import MULTIPART
from normalizer.inbound import Button, Handle, InboundMessage, Page
from tests.connectors.app_users import SECRET, sign
from tests.subjects.callers import _BOUNDARY as BOUNDARY

SAMPLES = Path(__file__).parents[1] / "samples" / "chat"
ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
ID = "0b9f7a52-94c1-4c8e-8d6c-1f2e3d4c5b6a"
SETTINGS: dict[str, Any] = {
    "brand": "demo",
    "fields": {
        "order": {"max_length": 20},
        "total": {"type": "number"},
        "email": {"type": "email"},
        "phone": {"type": "phone"},
    },
}
USERS = {"algorithms": ["HS256"], "secrets": SECRET, "audience": "regia"}
VISITOR = Handle("chat", "site:v1", "verified")


def chat(**changed: Any) -> Chat:
    return Chat("site", ChatSettings.model_validate({**SETTINGS, **changed}))


def parsed(
    body: bytes, kind: Any = "message", content_type: str = "application/json", *, client: Client | None = None, **changed: Any
) -> Parsed:
    request = (client or Client(visitor="v1")).request(kind, body, url="x", at=ARRIVED, content_type=content_type)
    connector = chat(**changed)
    connector.verify(request)
    return connector.parse(request)


def one(frame: dict[str, Any], **more: Any) -> InboundMessage:
    (message,) = parsed(json.dumps({"id": ID, **frame}).encode(), **more).messages
    return message


def refused(
    body: bytes | dict[str, Any], kind: str = "message", content_type: str = "application/json", **more: Any
) -> Rejected:
    content = body if isinstance(body, bytes) else json.dumps({"id": ID, **body}).encode()
    with pytest.raises(Rejected) as caught:
        parsed(content, kind, content_type, **more)
    return caught.value


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def test_a_message_with_everything() -> None:
    (message,) = parsed(sample("messages/whole.json")).messages
    assert (message.kind, message.text, message.channel, message.brand) == (
        "text", "Buongiorno,\nvorrei restituire la padella 🍳", "chat", "demo",
    )  # fmt: skip
    assert message.sender.handle == VISITOR
    assert message.sender.claims == (Handle("email", "anna@example.it", "claimed"),)
    assert message.fields == {"topic": "returns", "order": "IT-2231", "total": 89.9, "email": "anna@example.it"}
    assert message.faq == ("reso-come-fare", "tempi")
    assert message.page == Page(url="https://shop.example/padella?c=1", title="Padella 28 cm", referrer="https://shop.example/")
    assert message.event_key == message.external_id == f"site:v1:{ID}"
    assert message.sent_at == ARRIVED - timedelta(milliseconds=468)
    assert message.raw == sample("messages/whole.json")
    assert message.reply.via is None
    assert set(message.reply.allowed) == {"text", "image", "video", "audio", "document"}


@pytest.mark.parametrize(
    ("frame", "kind", "text"),
    [
        ({"text": "Ciao"}, "text", "Ciao"),
        ({"text": " \u2800 ", "fields": {"order": "1"}}, "form", None),
        ({"fields": {"topic": "returns"}}, "form", None),
        ({"faq": [{"id": "reso"}]}, "form", None),
        ({"choice": {"id": "returns", "title": "Un reso"}}, "postback", "Un reso"),
        ({"choice": {"id": "returns"}}, "postback", "returns"),
        ({"choice": {"id": "returns", "title": "Un reso"}, "text": "e subito"}, "postback", "e subito"),
    ],
)
def test_kinds(frame: dict[str, Any], kind: str, text: str | None) -> None:
    message = one(frame)
    assert (message.kind, message.text) == (kind, text)


def test_a_tap_is_a_button() -> None:
    assert one({"choice": {"id": "returns", "title": "Un reso"}}).button == Button(id="returns", title="Un reso")


def test_files_come_with_a_part_of_json() -> None:
    content_type = f"{MULTIPART}; boundary={BOUNDARY}"
    (message,) = parsed(sample("files/photo.multipart"), content_type=content_type).messages
    assert (message.kind, message.text) == ("media", "Ecco la foto")
    assert [(file.filename, file.content_type) for file in message.attachments] == [("foto.png", "image/png")]
    error = refused(sample("files/photo.multipart"), content_type=content_type, upload=None)
    assert error.fields.keys() == {"files"}


@pytest.mark.parametrize("name", ["file", "messages"])
def test_other_parts_are_refused(name: str) -> None:
    body = sample("files/photo.multipart").replace(b'name="files"', f'name="{name}"'.encode())
    assert refused(body, content_type=f"{MULTIPART}; boundary={BOUNDARY}").code == "malformed"


def test_sent_again_it_is_the_same_whoever_is_logged_in_meanwhile() -> None:
    """The widget sends again after a log-in what was not accepted before."""
    before, after = one({"text": "a"}), one({"text": "a"}, client=logged_in(), user_tokens=USERS)
    upper = one({"text": "a", "id": ID.upper()})
    assert before.event_key == after.event_key == upper.event_key
    assert before.order_key == after.order_key
    assert one({"text": "a"}, client=Client(visitor="v2")).event_key != before.event_key


def logged_in(**claims: Any) -> Client:
    return Client(visitor="v1", user=sign(**claims), user_at=ARRIVED)


def test_a_user_of_the_site_writes_under_a_handle_of_the_user() -> None:
    told = one({"text": "a"}, client=logged_in(name="Anna Bianchi", email="anna@example.it"), user_tokens=USERS)
    elsewhere = one({"text": "b"}, client=Client(visitor="v9", user=sign()), user_tokens=USERS)
    other = one({"text": "c"}, client=logged_in(sub="u-2"), user_tokens=USERS)
    assert told.sender.handle == elsewhere.sender.handle
    assert len({VISITOR, told.sender.handle, other.sender.handle}) == 3
    assert told.sender.aliases == (Handle("app_user", "site:u-88213", "verified"),)
    assert told.sender.claims == (Handle("email", "anna@example.it", "claimed"), Handle("chat", "site:v1", "claimed"))
    assert (told.sender.name, told.sender.recorded) == ("Anna Bianchi", True)


def test_a_user_token_is_judged_by_the_time_at_which_it_came() -> None:
    late = ARRIVED - timedelta(hours=2)
    client = Client(visitor="v1", user=sign(exp=int(late.timestamp()) + 60), user_at=late)
    assert one({"text": "a"}, client=client, user_tokens=USERS).sender.aliases
    with pytest.raises(Rejected) as caught:
        one({"text": "a"}, client=Client(visitor="v1", user=client.user), user_tokens=USERS)
    assert caught.value.code == "signature_stale"


@pytest.mark.parametrize(
    ("client", "changed", "code"),
    [
        (Client(visitor=""), {}, "token_missing"),
        (Client(visitor="a b"), {}, "token_unknown"),
        (Client(visitor="v1", user=sign()), {}, "signature_wrong"),
        (Client(visitor="v1", user="x"), {"user_tokens": USERS}, "signature_wrong"),
        (Client(visitor="v1", user=sign("a-secret-of-quite-another-server")), {"user_tokens": USERS}, "signature_wrong"),
    ],
)
def test_who_is_not_let_in(client: Client, changed: dict[str, Any], code: str) -> None:
    """A bad token of the site is refused, and not ignored."""
    request = client.request("message", json.dumps({"id": ID, "text": "a"}).encode(), url="x", at=ARRIVED)
    for step in (chat(**changed).verify, chat(**changed).parse):
        with pytest.raises(Rejected) as caught:
            step(request)
        assert caught.value.code == code


DEEP = b'{"id":"' + ID.encode() + b'","fields":{"order":' + b"[" * 5000 + b"]" * 5000 + b"}}"
HOSTILE: list[tuple[str, bytes | dict[str, Any], str, set[str]]] = [
    ("no JSON", b"{", "malformed", set()),
    ("an array", b"[]", "malformed", set()),
    ("nested without end", DEEP, "malformed", set()),
    ("half a surrogate pair", b'{"id":"' + ID.encode() + b'","text":"\\ud800"}', "malformed", set()),
    ("no id", b'{"text":"a"}', "invalid_fields", {"id"}),
    ("an id that is none", {"id": "x" * 36}, "invalid_fields", {"id"}),
    ("nothing said", {}, "invalid_fields", {"text"}),
    ("only blanks", {"text": " \u200b\n"}, "invalid_fields", {"text"}),
    ("too long", {"text": "a" * 4001}, "invalid_fields", {"text"}),
    ("text that is none", {"text": 5}, "invalid_fields", {"text"}),
    ("unknown member", {"text": "a", "sender": "me"}, "invalid_fields", {"sender"}),
    ("undeclared field", {"text": "a", "fields": {"colour": "red"}}, "invalid_fields", {"fields.colour"}),
    ("field of another type", {"text": "a", "fields": {"total": "viel"}}, "invalid_fields", {"fields.total"}),
    ("field with an object", {"text": "a", "fields": {"order": {}}}, "invalid_fields", {"fields.order"}),
    ("field too long", {"text": "a", "fields": {"order": "1" * 21}}, "invalid_fields", {"fields.order"}),
    ("many articles", {"text": "a", "faq": [{"id": "a"}] * 51}, "invalid_fields", {"faq"}),
    ("article with markup", {"text": "a", "faq": [{"id": "<b>"}]}, "invalid_fields", {"faq.0.id"}),
    ("time without an offset", {"text": "a", "at": "2026-11-21T18:02:11"}, "invalid_fields", {"at"}),
    ("endless number", {"text": "a", "fields": {"total": 10**400}}, "invalid_fields", {"fields.total"}),
]


@pytest.mark.parametrize(("body", "code", "fields"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_what_cannot_be_taken(body: bytes | dict[str, Any], code: str, fields: set[str]) -> None:
    error = refused(body)
    assert error.code == code
    assert error.fields.keys() == fields


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (None, None),
        ({}, None),
        ({"url": "javascript:alert(1)", "title": None}, None),
        ({"url": "https://a.example/" + "x" * 2000, "title": "A\u0000\nB"}, Page(title="A B")),
        ({"url": "https://a.example/ b"}, None),
        ({"url": "http://a.example/", "referrer": "data:,x"}, Page(url="http://a.example/")),
    ],
)
def test_a_page_that_is_none_costs_nobody_the_message(page: Any, expected: Page | None) -> None:
    assert one({"text": "a", "page": page}).page == expected


@pytest.mark.parametrize(
    ("at", "believed"),
    [
        ("2026-11-15T18:00:00Z", True),
        ("2026-11-14T18:00:00Z", False),
        ("2026-11-21T18:06:00Z", True),
        ("2026-12-01T00:00:00Z", False),
    ],
)
def test_a_clock_that_is_wrong_is_not_believed(at: str, *, believed: bool) -> None:
    assert (one({"text": "a", "at": at}).sent_at != ARRIVED) is believed


def test_control_characters_go_and_lines_stay() -> None:
    assert one({"text": "a\u0007\r\nb\u0000\u009b"}).text == "a\nb"


def test_the_language_of_the_widget_is_told_where_the_chat_speaks_it() -> None:
    told = [one({"text": "a"}, client=Client(visitor="v1", language=language)).language for language in ("it", "xx", None)]
    assert told == ["it", None, None]
    advice = refused({"text": ""}, client=Client(visitor="v1", language="en")).fields["text"]
    assert advice == "Please fill in this field."


def test_what_was_seen_becomes_statuses() -> None:
    statuses = parsed(sample("seen/read.json"), "seen").statuses
    first = "5f0c2b1e-1111-4222-8333-944455556666"
    assert [(one.external_id, one.token, one.state, one.recipient) for one in statuses] == [
        (f"out_{first}", first, "read", "site:v1"),
        ("out_b", "b", "read", "site:v1"),
    ]
    assert len({one.event_key for one in statuses}) == 2


@pytest.mark.parametrize(
    "body", [b"{}", b'{"ids":[],"state":"read"}', b'{"ids":["a"],"state":"sent"}', b'{"ids":["a"],"state":"read","x":1}']
)
def test_other_words_of_what_was_seen(body: bytes) -> None:
    assert refused(body, "seen").code == "invalid_fields"


async def test_sending_confirms_at_once_under_an_id_of_ours() -> None:
    message = Outgoing(to=VISITOR, text="a", account=None, in_reply_to=None, token="t-1")
    sent = await chat().send(message, None)  # type: ignore[arg-type]  # it calls nobody
    assert sent.external_ids == (chat().outgoing_id(message),) == ("out_t-1",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ["https://shop.example/path"]},
        {"fields": {"order": {"required": True}}},
        {"colour": "red"},
        {"longest_text": 0},
        {"rate": {"count": 3}},
        {"brand": "No Brand"},
        {"max_frame": 10},
    ],
)
def test_settings_are_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        chat(**wrong)


def test_headers_are_made_by_us_alone() -> None:
    request = Client(visitor="v1", user="t", user_at=ARRIVED, language="it").request("seen", b"", url="x", at=ARRIVED)
    assert request.headers[FRAME] == "seen"
    assert request.headers[USER_AT] == ARRIVED.isoformat()
    assert set(request.headers) == {
        "content-type",
        "regia-visitor",
        "regia-frame",
        "x-regia-user",
        "regia-user-at",
        "regia-language",
    }
