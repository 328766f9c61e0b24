"""What is stored, for consumers: a message with its explanation, its raw bytes, its files."""

import asyncio
import json
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

import orjson
from aiohttp import web

from config.problems import ConfigError
from connectors.errors import Rejected
from normalizer.envelope_data import from_ms
from regia.http.access import require
from regia.http.requests import GATEWAY, json_answer
from router.explain import as_data
from router.load import load
from router.ruleset import Ruleset
from router.wording import ENGLISH, Words
from storage import erased, lookup, outgoing, outgoing_files
from storage.blobs import BlobMissing, BlobsUnavailable
from storage.rulesets import sources_of

_ANSWER: Final = ("id", "state", "author", "automatic")


async def message(request: web.Request) -> web.Response:
    """`GET /v1/messages/{id}`: the envelope, its targets with their states, its answers, and why it went there."""
    require(request, "messages")
    row = await row_of(request, _id(request))
    database = request.app[GATEWAY].stores.database
    targets, answers = await database.read(
        lambda connection: (lookup.targets_of(connection, row["id"]), outgoing.answers_to(connection, row))
    )
    return json_answer(
        {
            "id": row["id"],
            "envelope": orjson.Fragment(bytes(row["envelope"])),
            "discarded_by": row["discarded_by"],
            "targets": [
                {
                    "queue": f"{row['brand']}.{target['target']}",
                    "state": target["state"],
                    "attempts": target["attempts"],
                    "published_at": from_ms(target["published_ms"]) if target["published_ms"] else None,
                }
                for target in targets
            ],
            "answers": [{name: answer[name] for name in _ANSWER} for answer in answers],
            "reply_refused": row["reply_refused"],
            "explanation": await explanation(request, row),
        }
    )


async def raw(request: web.Request) -> web.Response:
    """`GET /v1/messages/{id}/raw`: the provider's own bytes."""
    require(request, "messages")
    row = await row_of(request, _id(request))
    return download(await raw_of(request, row), row["raw_content_type"], "raw")


async def attachment(request: web.Request) -> web.Response:
    """`GET /v1/attachments/{id}`: a file, for whoever has a token."""
    require(request, "messages")
    return await attachment_of(request, _id(request))


async def signed_attachment(request: web.Request) -> web.Response:
    """`GET /attachments/{id}?expires=&signature=`: a file, for whoever has the signed link."""
    expires, signature = request.query.get("expires", ""), request.query.get("signature", "")
    if not request.app[GATEWAY].links.valid(request.match_info["id"], expires, signature):
        raise Rejected("not_found", "this link has expired or was changed; GET /v1/attachments/{id} with a token works")
    return await attachment_of(request, _id(request))


async def signed_file(request: web.Request) -> web.Response:
    """`GET /files/{id}/{name}?expires=&signature=`: a file of a reply, for the provider that was given the signed link."""
    gateway, id_ = request.app[GATEWAY], _id(request)
    if not gateway.links.valid(id_, request.query.get("expires", ""), request.query.get("signature", "")):
        raise Rejected("not_found", "this link has expired or was changed")
    row = await gateway.stores.database.read(lambda connection: outgoing_files.find(connection, id_))
    if row is None:
        raise Rejected("gone", "this file is not kept any more")
    return download(await _blob(request, row["sha256"]), row["content_type"], row["filename"])


def _id(request: web.Request) -> str:
    """The id of the address. PostgreSQL refuses texts with NUL, and ours have none."""
    return request.match_info["id"].replace("\0", "")


async def row_of(request: web.Request, message_id: str) -> Any:
    """The row of a message. Raises `Rejected`: `gone`, `not_found`."""
    row = await request.app[GATEWAY].stores.database.read(lambda connection: lookup.message(connection, message_id))
    if row is None:
        await _say_when_gone(request, message_id, "this message was erased, or is not kept any more")
        raise Rejected(
            "not_found", "there is no committed message of that id; one accepted a moment ago may still be on its way"
        )
    return row


async def raw_of(request: web.Request, row: Any) -> bytes:
    """The provider's own bytes of a message. Raises `Rejected`: `gone`, `unavailable`."""
    content = row["raw"]
    if content is None and not row["raw_sha256"]:
        raise Rejected("gone", "the raw bytes are not kept any more")
    return bytes(content) if content is not None else await _blob(request, row["raw_sha256"])


async def explanation(request: web.Request, row: Any, words: Words = ENGLISH) -> Any:
    """As `router.explain.as_data` gives it, by the version of the rules that decided, which may be an older one; None where
    that cannot be read any more."""
    gateway = request.app[GATEWAY]
    rules = gateway.versions.rules.version(row["ruleset"])
    if rules is None:
        sources = await gateway.stores.database.read(lambda connection: sources_of(connection, row["ruleset"]))
        if sources is None:
            return None
        try:
            rules = await asyncio.to_thread(_loaded, sources)
        except ConfigError:  # stored by a Regia that took more
            return None
    return as_data(rules, bytes(row["explanation"]), words)


@lru_cache(maxsize=8)
def _loaded(sources: str) -> Ruleset:
    """An older version of the rules; compiling one takes too long for the event loop, and for each request."""
    return load([(name, text) for name, text in json.loads(sources)])


async def attachment_of(request: web.Request, attachment_id: str, *, message_id: str | None = None) -> web.Response:
    """A file, to be saved; with `message_id` only where it is one of that message. Raises `Rejected`: `gone`, `not_found`,
    `unavailable`."""
    row = await request.app[GATEWAY].stores.database.read(lambda connection: lookup.attachment(connection, attachment_id))
    if row is None or message_id not in (None, row["message_id"]):
        await _say_when_gone(request, attachment_id, "this file was erased, or is not kept any more")
        raise Rejected("not_found", "there is no such attachment")
    content = await _blob(request, row["sha256"])
    return download(content, row["content_type"], row["filename"] or attachment_id)


async def _say_when_gone(request: web.Request, id_: str, detail: str) -> None:
    """Raises `Rejected("gone")` for an id of something that was here."""
    database = request.app[GATEWAY].stores.database
    if await database.read(lambda connection: erased.is_erased(connection, id_)):
        raise Rejected("gone", detail)


async def _blob(request: web.Request, sha256: str) -> bytes:
    try:
        return await request.app[GATEWAY].stores.blobs.get(sha256)
    except BlobMissing as error:
        raise Rejected("gone", "the bytes are not stored any more") from error
    except BlobsUnavailable as error:
        raise Rejected("unavailable", "the blob store does not answer; try again", retry_after=5) from error


def download(content: bytes, content_type: str, filename: str) -> web.Response:
    """Bytes of a stranger, to be saved."""
    # Download only: what a customer sent must never be shown as a page of ours.
    headers = {
        "Content-Type": content_type if content_type.isascii() and content_type.isprintable() else "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return web.Response(body=content, headers=headers)
