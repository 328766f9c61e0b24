"""docs/channels/webhook.md: its example is loaded and run, its tables are those of the code, its errors are what is told."""

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.document import read_yaml
from config.loader import read_included
from config.problems import ConfigError
from connectors.base import Outgoing
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import ARRIVED, post
from connectors.declared.connector import Webhook
from connectors.declared.description import Description
from connectors.declared.query import Query
from connectors.declared.schemes import Basic, Hmac, StandardWebhooks, Token
from connectors.declared.settings import SHIPPED, WebhookSettings
from normalizer.envelope_data import message_data
from normalizer.inbound import Handle, envelope_id
from normalizer.message import normalise
from tests.docs.pages import blocks, matches, read

PAGE = "docs/channels/webhook.md"
START, END = "<!-- keys of a description -->\n", "<!-- end of keys -->"


def block(language: str, first_line: str) -> str:
    (found,) = (one.text for one in blocks(PAGE, language) if one.first_line == first_line)
    return found


@pytest.fixture
def helpdesk(tmp_path: Path) -> Webhook:
    (tmp_path / "helpdesk.yaml").write_text(block("yml", "# helpdesk.yaml"), encoding="utf-8")
    described = read_included(tmp_path / "helpdesk.yaml", Description)
    entry = {"type": "webhook", "secret": "s", "token": "t", "accounts": {7001: {"brand": "demo"}}, "describe": described}
    return Webhook("helpdesk", WebhookSettings.model_validate(entry))


def test_the_example_becomes_what_the_page_shows(helpdesk: Webhook) -> None:
    given, shown, _ = (one.text.encode() for one in blocks(PAGE, "json"))
    request = post(given, ARRIVED, {"X-Helpdesk-Signature": f"sha256={hmac.digest(b's', given, 'sha256').hex()}"}, name="x")
    helpdesk.verify(request)
    (inbound,) = helpdesk.parse(request).messages
    message = normalise(envelope_id("helpdesk", "x"), "helpdesk", ARRIVED, inbound, attachments=(), languages=("en",))
    wanted = json.loads(shown)
    assert {key: value for key, value in message_data(message).items() if key in wanted} == wanted
    assert inbound.event_key == "7001:ev-1"
    assert inbound.attachments[0].reference == "https://files.helpdesk.example/1.jpg"


async def test_the_answer_leaves_as_the_page_shows(helpdesk: Webhook) -> None:
    http = FakeHttp(answer({"comment": {"id": 12}}))
    message = Outgoing(
        to=Handle("helpdesk_contact", "7001:c-17", "claimed"),
        text="We send you a new one.",
        account="7001",
        in_reply_to="9107199254740993001",
        token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
    )
    assert (await helpdesk.send(message, http)).external_ids == ("12",)
    (call,) = http.calls
    assert f"`{call.method} {call.url}`" in read(PAGE)
    assert call.json == json.loads(blocks(PAGE, "json")[2].text)


def test_parts_of_descriptions_hold(helpdesk: Webhook) -> None:
    whole = helpdesk.settings.described.model_dump(mode="json", exclude_none=True)
    shown = [one for one in blocks(PAGE, "yml") if not one.first_line.startswith("# ")]
    assert len(shown) == 4
    for part in shown:
        for key, value in read_yaml(part.text).data.items():
            merged = {**whole.get(key, {}), **value} if key == "send" else value
            assert Description.model_validate({**whole, key: merged})


def test_the_mistakes_it_shows(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(block("yml", "# wrong.yaml"), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        read_included(tmp_path / "wrong.yaml", Description)
    (shown,) = (one.text for one in blocks(PAGE, "text"))
    assert matches(shown, str(wrong.value).replace(f"{tmp_path}/", "")), str(wrong.value)


def table() -> Iterator[str]:
    """Every key of a description, what it is without being written, and what it says."""
    yield "| key | default | meaning |\n| --- | --- | --- |\n"
    for key, field in keys(Description, ""):
        default = "" if field.default in (None, "", (), {}) else f"`{field.default}`"
        shown = "**needed**" if field.is_required() else default
        kind = "Expression. " if Query in parts(field.annotation) else ""
        yield f"| `{key}` | {shown} | {kind}{(field.description or '').rstrip('.')} |\n"


def keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Sections that say nothing themselves are shown by their keys alone; those of a union by the union."""
    for name, field in model.model_fields.items():
        inside = list(models(field.annotation))
        if field.description is not None:
            yield f"{prefix}{name}", field
        if len(inside) == 1:
            yield from keys(inside[0], f"{prefix}{name}.")


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    yield from (part for part in parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel))


def parts(annotation: Any) -> Iterator[Any]:
    """What a type is made of, itself included."""
    yield annotation
    for part in get_args(annotation):
        yield from parts(part)


def test_the_table_of_keys_is_that_of_the_model() -> None:
    assert read(PAGE).partition(START)[2].partition(END)[0] == "".join(table())


def test_every_description_and_every_scheme_stands_on_the_page() -> None:
    text = read(PAGE)
    assert [name for name in SHIPPED if f"| `{name}` |" not in text] == []
    rows = text.partition("## Signatures")[2].partition("\n## ")[0]
    for name, scheme in {"hmac": Hmac, "standard_webhooks": StandardWebhooks, "basic": Basic, "token": Token}.items():
        (row,) = (line for line in rows.splitlines() if line.startswith(f"| `{name}` |"))
        assert [key for key in scheme.model_fields if key != "scheme" and f"`{key}`" not in row] == []


def test_the_entries_it_shows_hold() -> None:
    entries = [read_yaml(one.text).data for one in blocks(PAGE, "yaml")]
    assert len(entries) == 2
    for name, entry in ((name, entry) for one in entries for name, entry in one.items()):
        assert Webhook(name, WebhookSettings.model_validate(entry)).brands == {"demo"}
