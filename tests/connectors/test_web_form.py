"""The web form: what each post becomes, in its three encodings, and what is said about a post that cannot be taken."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Request
from connectors.errors import Rejected
from connectors.form_settings import WebFormSettings
from connectors.web_form import WebForm, choose_language
from normalizer.inbound import Handle, InboundMessage, Page, Reply

SAMPLES = Path(__file__).parents[1] / "samples" / "web_form"
BOUNDARY = "----WebKitFormBoundaryq7Zb3mXk2PpVv0aD"
TYPES = {
    ".json": "application/json",
    ".form": "application/x-www-form-urlencoded",
    ".multipart": f"multipart/form-data; boundary={BOUNDARY}",
}
SETTINGS: dict[str, Any] = {
    "brand": "demo",
    "fields": {
        "name": {"required": True, "label": {"it": "Nome", "en": "Name"}},
        "email": {"type": "email"},
        "phone": {"type": "phone"},
        "order": {"max_length": 20},
        "reason": {"type": "choice", "choices": ["return", "warranty"]},
        "total": {"type": "number"},
        "express": {"type": "boolean"},
        "delivered": {"type": "date"},
        "message": {"required": True, "multiline": True},
    },
}
ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
TOKEN = "5b0c4f7e-8d1b-4c9a-9f65-0f7f1f3f9a10"


def form(**changed: Any) -> WebForm:
    return WebForm("site-form", WebFormSettings.model_validate({**SETTINGS, **changed}))


def post(body: bytes, content_type: str = "application/json", **headers: str) -> Request:
    return Request(
        method="POST",
        url="https://gw.example/forms/site-form",
        headers={"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}},
        query={},
        body=body,
        received_at=ARRIVED,
    )


def sample(name: str, content_type: str | None = None) -> Request:
    path = SAMPLES / name
    return post(path.read_bytes(), content_type or TYPES[path.suffix])


def only(request: Request, **changed: Any) -> InboundMessage:
    parsed = form(**changed).parse(request)
    assert (parsed.statuses, parsed.events, parsed.unreadable) == ((), (), ())
    (message,) = parsed.messages
    return message


def claimed(kind: str, value: str) -> Handle:
    return Handle(kind, value, "claimed")


def values(**changed: Any) -> dict[str, Any]:
    return {"name": "Anna", "email": "anna@example.it", "message": "Ciao", **changed}


def as_json(**changed: Any) -> bytes:
    return json.dumps(values(**changed)).encode()


def refused(request: Request, **changed: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        form(**changed).parse(request)
    return caught.value


CASES: list[tuple[str, str | None, dict[str, Any]]] = [
    (
        "chromium_two_files.multipart",
        None,
        {
            "text": "Buongiorno,\nvorrei restituire la padella: è arrivata ammaccata.",
            "language": "it",
            "fields": {"order": "IT-2231", "reason": "return", "total": 89.9},
            "page": Page(url="https://shop.example/padelle/pan-28?utm=mail"),
            "reply": Reply(via=claimed("email", "anna.bianchi@example.it")),
            "automated": None,
            "raw_content_type": "application/json",
        },
    ),
    (
        "chromium_no_file.multipart",
        None,
        {"attachments": (), "fields": {"order": "IT-2231", "reason": "return", "total": 89.9}},
    ),
    ("part_in_latin1.multipart", None, {"text": "sì", "language": None, "page": None}),
    (
        "shop_script.json",
        None,
        {
            "text": "Is the 28 cm pan back in stock? 🍳",
            "language": "en",
            "fields": {"total": 12},
            "page": Page(url="https://shop.example/en/pan-28", title="Pan 28 cm"),
            "reply": Reply(via=claimed("phone", "+442079460018")),
            "order_key": "phone:+442079460018",
        },
    ),
    ("whole_number_order.json", None, {"fields": {"order": "2231", "express": True, "delivered": "2026-11-21"}}),
    ("browser.form", None, {"text": "Perché non risponde nessuno?\nGrazie", "automated": None, "fields": {}}),
    ("windows_1252.form", "application/x-www-form-urlencoded; charset=windows-1252", {"text": "Perché no? 10 €"}),
    ("windows_1252.form", "application/x-www-form-urlencoded; charset=ISO-8859-1", {"text": "Perché no? 10 €"}),
    ("curl_raw.form", None, {"text": "Perché no?"}),
    ("robot.form", None, {"automated": "honeypot", "text": "Rank first today"}),
]


@pytest.mark.parametrize(("name", "content_type", "expected"), CASES)
def test_each_sample_becomes_one_contact(name: str, content_type: str | None, expected: dict[str, Any]) -> None:
    message = only(sample(name, content_type))
    assert {key: getattr(message, key) for key in expected} == expected
    assert (message.kind, message.brand, message.channel, message.sent_at) == ("form", "demo", "web_form", ARRIVED)


def test_names_in_any_encoding_and_claims() -> None:
    both = only(sample("chromium_two_files.multipart")).sender
    assert (both.name, both.handle) == ("Anna Bianchi", claimed("email", "anna.bianchi@example.it"))
    assert both.claims == (claimed("phone", "+393331234567"),)
    assert only(sample("part_in_latin1.multipart")).sender.name == "Niccolò"
    assert only(sample("windows_1252.form", f"{TYPES['.form']}; charset=windows-1252")).sender.name == "Niccolò"


def test_files_with_their_declared_names_and_types() -> None:
    photo, receipt = only(sample("chromium_two_files.multipart")).attachments
    assert (photo.filename, photo.content_type) == ("padella ammaccata \u2013 però.jpg", "image/jpeg")
    assert photo.content is not None
    assert photo.content.startswith(b"\xff\xd8")
    assert (receipt.filename, receipt.content_type) == ("ricevuta.pdf", "application/pdf")


def test_raw_is_the_body_or_for_multipart_the_fields_and_what_the_files_were() -> None:
    browser = sample("browser.form")
    assert only(browser).raw == browser.body
    raw = json.loads(only(sample("chromium_two_files.multipart")).raw)
    assert ["submission", TOKEN] in raw["fields"]
    assert [file["size"] for file in raw["files"]] == [22, 13]


def test_the_same_page_sent_twice_is_one_event_and_changed_it_is_another() -> None:
    first = only(post(as_json(submission=TOKEN)))
    again = only(post(as_json(submission=TOKEN, page_title="Other")))
    changed = only(post(as_json(submission=TOKEN, message="Ciao, una cosa ancora")))
    assert first.event_key == again.event_key != changed.event_key
    assert first.event_key.startswith(TOKEN)


def test_without_a_token_every_post_is_a_contact_of_its_own_unless_it_has_an_idempotency_key() -> None:
    one, other = post(as_json()), post(as_json())
    later = Request(**{**{name: getattr(one, name) for name in one.__slots__}, "received_at": ARRIVED.replace(second=13)})
    assert only(one).event_key == only(other).event_key != only(later).event_key
    keyed = [only(post(as_json(), idempotency_key="k-1")).event_key for _ in range(2)]
    assert keyed[0] == keyed[1]
    assert keyed[0].startswith("k-1:")


@pytest.mark.parametrize("token", ["", " ", "x" * 201, "é", 5, None, ["a"], "a\nb"])
def test_a_token_that_is_none_does_not_join_two_posts(token: object) -> None:
    assert only(post(as_json(submission=token))).event_key.startswith("2026-11-21")


def test_the_page_is_the_hidden_field_or_the_referer() -> None:
    assert only(post(as_json(), referer="https://shop.example/a")).page == Page(url="https://shop.example/a")
    named = only(post(as_json(page_url="javascript:alert(1)", page_referrer="https://ads.example/"), referer="no address"))
    assert named.page == Page(referrer="https://ads.example/")


def test_everything_to_correct_is_said_at_once_in_the_language_of_the_page() -> None:
    error = refused(post(json.dumps({"language": "it", "reason": "gift", "total": "1.234", "colour": "red", "q": 1}).encode()))
    assert (error.code, error.status) == ("invalid_fields", 400)
    assert error.fields.keys() == {"name", "message", "email", "reason", "total", "colour", "q"}
    assert error.fields["email"] == "Compila almeno uno di questi campi: Email, Phone."
    assert "red" not in str(error.fields)
    english = refused(post(b"{}", accept_language="de, en-GB;q=0.8, it;q=0.5"))
    assert english.fields["name"] == "Please fill in this field."


def test_a_browser_may_send_names_that_nobody_declared() -> None:
    assert only(post(b"name=A&email=a%40example.it&message=x&gclid=1", TYPES[".form"])).text == "x"


def multipart(*files: tuple[str, str, bytes]) -> Request:
    head = "".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in values().items()).encode()
    parts = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, kind, content in files
    )
    return post(head + parts + b"--B--\r\n", "multipart/form-data; boundary=B")


PDF = ("a.pdf", "application/pdf", b"%PDF")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
FILES: list[tuple[list[tuple[str, str, bytes]], dict[str, Any], str]] = [
    ([PDF] * 6, {}, "al massimo 5 file"),
    ([PDF, ("b.pdf", "application/pdf", b"x" * 2049)], {"upload": {"max_bytes": 2048}}, "2 KB al massimo"),
    ([("a.exe", "application/x-msdownload", b"MZ")], {}, "JPG, PNG, HEIC, MP3, M4A, OGG, MP4, MOV, PDF, TXT"),
    ([("a.pdf", "application/pdf", b"")], {}, "vuoto"),
    ([PDF], {"upload": None}, "non accetta file"),
    *(
        ([file], {}, "non è accettato")
        for file in [
            ("photo.jpg.exe", "image/png", b"MZ\x90\x00\x03\x00"),
            ("photo.jpg", "image/png", b"MZ\x90\x00\x03\x00"),
            ("a.txt", "text/plain", b"#!/bin/sh\nrm -rf /"),
            ("a.txt", "text/plain", b"@echo off\r\n"),
            ("a.txt", "text/plain", b"<?php system($_GET[1]);"),
            ("a.png", "image/png", b"\x7fELF\x02\x01\x01"),
            ("a.png", "image/png", b"<!DOCTYPE html><script>alert(1)</script>"),
            ("a.png", "image/png", b" \n<sCript>alert(1)</script>"),
            ("a.txt", "text/plain", "<html><script>".encode("utf-16")),
            ("a.png", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
            ("a.png", "image/png", b"<?xml version='1.0'?><svg/>"),
            ("a.png", "image/png", b"<!-- x --><svg/>"),
            ("a.png", "image/png", b"solo testo"),
            ("a.txt", "text/plain", b"\x00\x01\x02"),
            ("a.bin", "application/octet-stream", b"\x00\x01\x02"),
            *((f"a.{ending}", "image/png", PNG) for ending in ("exe", "BAT", "js", "html", "svg", "exe. ", "exe:x.png")),
        ]
    ),
    ([("a.exe", "image/png", b"MZ")], {"upload": {"content_types": ["*/*"]}}, "non è accettato"),
    ([("a.htm", "text/plain", b"<p>x")], {"upload": {"content_types": ["*/*"]}}, "non è accettato"),
]


@pytest.mark.parametrize(("files", "changed", "words"), FILES)
def test_files_that_cannot_be_taken(files: list[tuple[str, str, bytes]], changed: dict[str, Any], words: str) -> None:
    error = refused(multipart(*files), **changed)
    assert error.fields.keys() == {"files"}
    assert words in error.fields["files"]


TAKEN: list[tuple[tuple[str, str, bytes], dict[str, Any], str]] = [
    (("a.png", "text/html", PNG), {}, "image/png"),
    (("a.png", "application/octet-stream", PNG), {}, "image/png"),
    (("a.exe.png", "image/jpeg", PNG), {}, "image/png"),
    (("a.txt", "text/plain", "però".encode()), {}, "text/plain"),
    (("a.txt", "text/plain", "però".encode("cp1252")), {}, "text/plain"),
    (("a.txt", "application/octet-stream", b"ciao"), {}, "text/plain"),
    (("nota.m4a", "audio/x-m4a", b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"), {}, "audio/x-m4a"),
    (("nota.mp3", "audio/mpeg", b"ID3\x03\x00\x00"), {}, "audio/mpeg"),
    (("nota.ogg", "audio/ogg", b"OggS\x00\x02"), {}, "audio/ogg"),
    (("nota.amr", "", b"#!AMR\n\x04"), {}, "audio/amr"),
    (("foto.heic", "image/heic", b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00"), {}, "image/heic"),
    (("film.mp4", "", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00"), {}, "video/mp4"),
    (("a.svg", "image/svg+xml", b"<svg/>"), {"content_types": ["image/svg+xml"]}, "image/svg+xml"),
    (("a.zip", "", b"PK\x03\x04\x14\x00"), {"content_types": ["application/zip"]}, "application/zip"),
    (
        ("a.dat", "application/octet-stream", b"\x00\x01"),
        {"content_types": ["application/octet-stream"]},
        "application/octet-stream",
    ),
]


@pytest.mark.parametrize(("file", "upload", "content_type"), TAKEN)
def test_files_are_taken_for_what_they_are(file: tuple[str, str, bytes], upload: dict[str, Any], content_type: str) -> None:
    (found,) = only(multipart(file), upload=upload).attachments
    assert (found.content_type, found.content) == (content_type, file[2])


def test_a_file_that_is_packed_is_what_it_is_declared_to_be_if_that_can_be() -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    upload = {"content_types": [word]}
    (found,) = only(multipart(("a.docx", word, b"PK\x03\x04\x14\x00")), upload=upload).attachments
    assert found.content_type == word
    assert refused(multipart(("a.docx", word, PNG)), upload=upload).fields.keys() == {"files"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=A&email=a%40b.it&message=x&message=y&email=c%40d.it&gclid=1&gclid=2", TYPES[".form"]),
        (
            b"".join(
                f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                for name, value in [*values().items(), ("message", "Ciao"), ("email", "altra@example.it")]
            )
            + b"--B--\r\n",
            "multipart/form-data; boundary=B",
        ),
    ],
)
def test_a_field_that_was_given_twice_is_named(body: bytes, content_type: str) -> None:
    error = refused(post(body, content_type, accept_language="en"))
    assert error.fields == dict.fromkeys(("email", "message"), "This field was given twice: send it once.")


@pytest.mark.parametrize("key", ["", "x" * 201, "è", "a\tb", "a\n"])
def test_an_idempotency_key_that_is_none_is_refused(key: str) -> None:
    assert refused(post(as_json(), idempotency_key=key)).code == "malformed"
    assert refused(post(as_json(submission=TOKEN), idempotency_key=key)).code == "malformed"


NAMES = [
    ("../../etc/passwd.pdf", "passwd.pdf"),
    ("a%0D%0Ab.pdf", "a b.pdf"),
    ("x" * 300 + ".pdf", "x" * 180 + ".pdf"),
    (".pdf", ".pdf"),
]


@pytest.mark.parametrize(("given_name", "name"), NAMES)
def test_filenames_lose_folders_and_line_ends(given_name: str, name: str) -> None:
    (file,) = only(multipart((given_name, "application/pdf", b"%PDF"))).attachments
    assert file.filename == name


WHOLE = (SAMPLES / "chromium_two_files.multipart").read_bytes()
BROKEN: list[tuple[bytes, str, str]] = [
    (b"", "text/plain", "unsupported_media_type"),
    (b"{}", "", "unsupported_media_type"),
    (b"{}", "application/json; charset=utf-7", "unsupported_media_type"),
    (b"{}", "application/json; charset=unicode_escape", "unsupported_media_type"),
    (b"{}", "application/json; charset=nonsense", "unsupported_media_type"),
    (b"", "application/json", "malformed"),
    (b"[]", "application/json", "malformed"),
    (b'"x"', "application/json", "malformed"),
    (b'{"name":', "application/json", "malformed"),
    (b"\xff\xfe", "application/json", "malformed"),
    (b'{"name":NaN}', "application/json", "malformed"),
    (b'{"name":1e999}', "application/json", "malformed"),
    (b'{"name":"\\ud83d"}', "application/json", "malformed"),
    (b"[" * 100_000, "application/json", "malformed"),
    (b'{"a":' * 2000 + b"1" + b"}" * 2000, "application/json", "malformed"),
    (b"name=%ff", TYPES[".form"], "malformed"),
    (b"name=\xff", TYPES[".form"], "malformed"),
    (b"&".join([b"a=1"] * 201), TYPES[".form"], "malformed"),
    (WHOLE, "multipart/form-data", "malformed"),
    (WHOLE, "multipart/form-data; boundary=other", "malformed"),
    (WHOLE[:-20], TYPES[".multipart"], "malformed"),
    (b"", TYPES[".multipart"], "malformed"),
    (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--B--\r\n',
        "multipart/form-data; boundary=B",
        "malformed",
    ),
    (b'--B\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--B--\r\n', "multipart/form-data; boundary=B", "malformed"),
    (
        b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--B--\r\n',
        "multipart/form-data; boundary=B",
        "malformed",
    ),
    (b"--B\r\n" + b"X: " + b"y" * 9000 + b"\r\n\r\nx\r\n--B--\r\n", "multipart/form-data; boundary=B", "too_large"),
    (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 300 + b"--B--",
        "multipart/form-data; boundary=B",
        "too_large",
    ),
    (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 300_000 + b"\r\n--B--\r\n",
        "multipart/form-data; boundary=B",
        "too_large",
    ),
]


@pytest.mark.parametrize(("body", "content_type", "code"), BROKEN)
def test_broken_bodies_are_refused_with_a_reason(body: bytes, content_type: str, code: str) -> None:
    assert refused(post(body, content_type)).code == code


@given(st.data())
def test_damaged_posts_are_taken_or_refused(data: st.DataObject) -> None:
    name, _, _ = data.draw(st.sampled_from(CASES))
    request = sample(name)
    start = data.draw(st.integers(0, len(request.body)))
    end = data.draw(st.integers(start, min(len(request.body), start + 30)))
    body = request.body[:start] + data.draw(st.binary(max_size=6)) + request.body[end:]
    damaged = post(body, request.headers["content-type"])
    try:
        codes = {"taken" for _ in form().parse(damaged).messages}
    except Rejected as error:
        codes = {error.code}
    assert codes < {"taken", "malformed", "invalid_fields", "unsupported_media_type", "too_large"}


def test_a_draft_keeps_what_was_written() -> None:
    request = post(
        f"submission={TOKEN}&language=en&page_url=https%3A%2F%2Fshop.example%2F&name=Anna&email=anna%40&total=x".encode(),
        TYPES[".form"],
    )
    assert refused(request).fields.keys() == {"email", "total", "message"}
    draft = form().draft(request)
    assert (draft.language, draft.submission, draft.page) == ("en", TOKEN, Page(url="https://shop.example/"))
    assert draft.values == {"name": "Anna", "email": "anna@", "total": "x"}


LANGUAGES = [
    (("it", "en"), "en", "it", "en"),
    (("it", "en"), None, "de-DE,en-US;q=0.7", "en"),
    (("en", "it"), "xx", None, "en"),
    (("it",), "en", "en", "it"),
    (("it", "en"), None, ",;q=,*", "it"),
]


@pytest.mark.parametrize(("spoken", "asked", "accept", "language"), LANGUAGES)
def test_the_language_of_the_page(spoken: tuple[str, ...], asked: str | None, accept: str | None, language: str) -> None:
    settings = WebFormSettings.model_validate({**SETTINGS, "languages": spoken})
    assert choose_language(settings, asked, accept) == language


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"brand": "Demo!"}, "brand"),
    ({"colour": {}}, "colour"),
    ({"languages": ["fr"]}, "languages"),
    ({"fields": {"message": {}, "name": {}}}, "an answer needs an address"),
    ({"fields": {"message": {}, "email": {"type": "email"}}, "require_one_of": []}, "an answer needs an address"),
    ({"fields": {"email": {"type": "email"}}}, "message_field must name"),
    ({"fields": {"message": {}, "email": {}}}, "email must be of type email"),
    ({"fields": {"message": {}, "email": {"type": "email"}, "language": {}}}, "taken by the page itself: language"),
    ({"fields": {"Message": {}}}, "Message"),
    ({"honeypot": "order"}, "honeypot"),
    ({"require_one_of": [["email", "fax"]]}, "not declared: fax"),
    ({"origins": ["https://shop.example/path"]}, "an origin is"),
    ({"origins": ["*"]}, "an origin is"),
    ({"logo": "javascript:alert(1)"}, "logo"),
    ({"colours": {"primary": "red;}"}}, "primary"),
]


@pytest.mark.parametrize(("changed", "words"), BAD_SETTINGS)
def test_settings_that_cannot_work_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        WebFormSettings.model_validate({**SETTINGS, **changed})


def test_settings_need_no_more_than_a_brand_and_one_address_is_enough() -> None:
    assert WebFormSettings(brand="demo").groups == (("email", "phone"),)
    only_mail = {"message": {}, "email": {"type": "email", "required": True}}
    assert WebFormSettings.model_validate({"brand": "demo", "fields": only_mail}).groups == ()
    assert WebFormSettings(brand="demo", origins=("https://shop.example/",)).origins == ("https://shop.example",)
