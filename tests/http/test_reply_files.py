"""Files with replies over HTTP: asked for, shown, and loaded by the provider that was given their link."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from normalizer.inbound import Reply
from regia.gateway import Gateway
from storage.blobs import BlobsUnavailable
from storage.schema import outgoing_files
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.served import HELPDESK, Client
from tests.http.test_endpoints import refusal
from tests.http.test_replies import SAID, ask, refused, told, wrote
from tests.http.test_tickets import client, gateway

__all__ = ["client", "filled_url", "gateway", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
MAIL = Reply(allowed=("text", "image", "video", "audio", "document"))


def file(content: bytes = PNG, filename: str = "foto.png", **more: Any) -> dict[str, Any]:
    return {"filename": filename, "content": b64encode(content).decode(), **more}


async def test_files_are_kept_and_shown(client: Client, gateway: Gateway) -> None:
    message = (await wrote(gateway, reply=MAIL))["message"]
    body = {"message": message, "attachments": [file(), file(b"Buongiorno", "ciao.txt")], "key": "T-1/4"}
    asked = await ask(client, **body)
    assert (await ask(client, 200, **body))["id"] == asked["id"]
    shown = await (await client.get(f"/v1/replies/{asked['id']}", headers=HELPDESK)).json()
    assert [(one["filename"], one["content_type"], one["size"]) for one in shown["files"]] == [
        ("foto.png", "image/png", len(PNG)),
        ("ciao.txt", "text/plain", 10),
    ]


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [
        ({"filename": "a.png", "content": "=?"}, "bad_base64"),
        ({"filename": "a.png", "content": "ä"}, "bad_base64"),
        ({"content": b64encode(PNG).decode()}, "bad_filename"),
        ({"filename": "a.png", "content": ""}, "empty_file"),
        ({"id": "att_of_somebody_else"}, "unknown_attachment"),
    ],
)
async def test_what_is_refused_names_the_file(
    client: Client, gateway: Gateway, attachment: dict[str, Any], reason: str
) -> None:
    message = (await wrote(gateway, reply=MAIL))["message"]
    data = await refused(client, 409, "reply_refused", reason, message=message, attachments=[file(), attachment])
    assert list(data["fields"]) == ["attachments.1"]
    (event,) = await told(gateway)
    assert (event["type"], event["reason"], event["file"]) == ("regia.reply.rejected.v1", reason, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"attachments": [{"filename": "a.png"}]},
        {"attachments": [{"id": "att_1", "content": "AAAA", "filename": "a.png"}]},
        {"attachments": [file(size=1)]},
        {"attachments": [file()], "text": None, "buttons": [{"id": "1", "title": "Sì"}]},
        {"attachments": [], "text": None},
    ],
)
async def test_what_is_no_reply(client: Client, gateway: Gateway, body: dict[str, Any]) -> None:
    message = (await wrote(gateway, reply=MAIL))["message"]
    await refused(client, 400, "invalid_fields", message=message, **body)


async def test_the_body_may_be_as_large_as_files_may_be(client: Client, gateway: Gateway) -> None:
    message, most = (await wrote(gateway, reply=MAIL))["message"], gateway.channels.files.together
    for size, status, said in (
        (most, 202, "queued"),
        (most + 1, 409, "file_too_large"),
        (most + (4 << 20), 413, "too_large"),
    ):
        body = SAID | {"key": said, "message": message, "attachments": [file(b"x" * size, "a.bin")]}
        headers = HELPDESK | {"Content-Type": "application/json"}
        answer = await client.post("/v1/replies", data=BytesIO(orjson.dumps(body)), headers=headers)
        data = await answer.json()
        assert (answer.status, data.get("reason") or data.get("error", "queued")) == (status, said)


async def test_the_provider_loads_it_by_its_link(client: Client, gateway: Gateway) -> None:
    message = (await wrote(gateway, reply=MAIL))["message"]
    await ask(client, message=message, attachments=[file()], **SAID)
    query = select(outgoing_files.c.id)
    id_ = await gateway.stores.database.read(lambda one: one.execute(query).scalar_one())
    link = gateway.links.file(id_, "Foto di Anna.png").removeprefix("https://regia.example")
    assert link.startswith(f"/files/{id_}/file.png?")
    answer = await client.get(link)
    assert (answer.status, await answer.read(), answer.headers["Content-Type"]) == (200, PNG, "image/png")
    await refusal(await client.get(link.replace(id_, "fil_other")), 404, "not_found")
    await refusal(await client.get(f"/files/{id_}/file.png"), 404, "not_found")
    await gateway.stores.database.write(lambda one: one.execute(outgoing_files.delete()))
    await refusal(await client.get(link), 410, "gone")


async def test_a_blob_store_that_is_away(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def away(_: Any) -> None:
        raise BlobsUnavailable("no room")

    message = (await wrote(gateway, reply=MAIL))["message"]
    monkeypatch.setattr(gateway.stores.blobs, "put_many", away)
    body = {"message": message, "attachments": [file()]}
    answer = await client.post("/v1/replies", json=SAID | body, headers=HELPDESK)
    await refusal(answer, 503, "unavailable")
    assert await told(gateway) == []
