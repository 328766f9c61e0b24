"""Writes the reference tables of the documentation from the code: `.venv/bin/python -m scripts.write_reference`.

A table stands between `<!-- reference: NAME -->` and `<!-- end of reference -->`. With `--check` nothing is written, and
a table that is out of date is an error. What a key means is said by its model; `MEANINGS` has the words for keys whose
model says nothing, and a key without any words is an error too.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from prometheus_client import Counter, Gauge, Histogram
from pydantic import BaseModel

from connectors.registry import find
from regia.settings import Settings
from regia.watch import metrics

ROOT: Final = Path(__file__).parents[1]
START, END = "<!-- reference: {name} -->", "<!-- end of reference -->"

_FIELD: Final = {
    "type": "what kind of value it is",
    "label": "what the page calls it; one text, or one a language",
    "hint": "a line below the field",
    "required": "it must be filled; a boolean must be ticked",
    "multiline": "several lines (type `text`)",
    "pattern": "RE2, must match the whole value (type `text`)",
    "choices": "the values, or values with their labels (type `choice`)",
    "minimum": "smallest number (type `number`)",
    "maximum": "largest number (type `number`)",
}
_UPLOAD: Final = {
    "max_files": "most files in one contact",
    "max_bytes": "largest file",
    "content_types": "accepted types; `image/*` means all of a family",
}
_BRAND: Final = {"brand": "the brand its contacts belong to"}
_LOGIN: Final = {
    "host": "the server's name",
    "tls": "TLS from the first byte, after `STARTTLS`, or none at all, which only the same machine may be spoken to with",
    "ca_file": "certificates to trust instead of the system's",
    "user": "the name to log in with",
    "password": "its password; or `oauth`",
    "oauth": "log in by OAuth 2 (XOAUTH2) instead of a password",
    "oauth.provider": "whose token server is asked; `other` needs a `token_url`",
    "oauth.client_id": "of the application registered with the provider",
    "oauth.client_secret": "of that application",
    "oauth.refresh_token": "a person's consent; without it Microsoft's application access is used",
}
_SMTP: Final = {
    "smtp": "the server that takes answers; without it nothing can be sent",
    **{f"smtp.{key}": text for key, text in _LOGIN.items()},
    "smtp.password": "its password, where the server asks for a login; or `oauth`",
}
_MAILBOX: Final = {**_BRAND, "channel": "what envelopes call the channel", **_SMTP}

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "settings": {
        "server.host": "address to listen on",
        "server.port": "port to listen on; 0 takes any free one",
        "data.path": "folder of journal, embedded database, files and secrets; relative to where the gateway is started",
        "database.url": "`postgresql://user:${PASSWORD}@host:5432/name`; `local` is a SQLite file in the data folder",
        "queues.url": "`amqp://user:${PASSWORD}@host:5672/vhost`, `amqps://` with TLS; `local` are tables of the database",
        "coordination.url": "`redis://:${PASSWORD}@host:6379/0`; `local` is the memory of the one process",
        "blobs.url": "`s3://bucket/prefix`, credentials in the `AWS_…` variables; `local` is a folder in the data folder",
        "languages": "the languages your customers write in; a text is said to be in one of them, or in none",
        "tokens": "who may use the HTTP interface under `/v1`",
        "tokens[].name": "for you",
        "tokens[].token": "what the consumer sends as `Authorization: Bearer …`",
        "tokens[].scopes": "what it may do: `messages` (read messages and files), `queues` (take from embedded queues)",
        "connectors": "name to settings; the name is part of the connector's address. Their keys: below, by `type`",
    },
    "whatsapp": {
        "accounts.NAME.brand": "the brand of contacts to this number",
        "accounts.NAME.channel": "what envelopes call the channel",
        "graph_url": "where Meta's Graph API is",
        "api_version": "version of the Graph API",
    },
    "web_form": {
        **_BRAND,
        "channel": "what envelopes call the channel",
        "title": "heading of the page",
        "intro": "a paragraph above the form",
        "thanks": "a paragraph on the page after sending",
        "languages": "languages of the page, the first one where the browser asks for none of them",
        "fields": "the fields in their order; declaring any replaces the usual four",
        **{f"fields.NAME.{key}": text for key, text in _FIELD.items()},
        "message_field": "the field with the customer's words",
        "name_field": "the field with the customer's name",
        "email_field": "the field with the e-mail address",
        "phone_field": "the field with the phone number",
        "subject_field": "the field with the subject",
        "honeypot": "a field people do not see; whoever fills it is `automated: honeypot`",
        "rate.count": "posts one address may send",
        "rate.seconds": "in so many seconds",
        "upload": "files; `null` takes none",
        **{f"upload.{key}": text for key, text in _UPLOAD.items()},
        "colours.primary": "colour of buttons and links",
        "logo": "address of a picture: `https://…` or `/…`",
    },
    "api": {
        **_BRAND,
        "channels": "channels a body may name",
        "fields": "fields a body may carry; others are refused",
        **{f"fields.NAME.{key}": text for key, text in _FIELD.items()},
        "trusted_proofs": "`agent`: the caller's staff knows the people it names, so `proof: agent` is believed",
        "upload": "files; `null` takes none",
        **{f"upload.{key}": text for key, text in _UPLOAD.items()},
    },
    "email": {
        **_MAILBOX,
        "imap": "the mailbox to read; without it mails come from imported archives only",
        **{f"imap.{key}": text for key, text in _LOGIN.items()},
        "imap.folders": "folders to read",
        "imap.move_to": "folder for mails that were taken, with `afterwards: move`; made if it is not there",
    },
    "mailgun": _MAILBOX,
    "postmark": _MAILBOX,
    "ses": {
        **_MAILBOX,
        "bucket.region": "where the bucket is",
        "bucket.access_key_id": "of a user who may read it",
        "bucket.secret_access_key": "of that user",
    },
}
DEFAULTS: Final[Mapping[str, str]] = {
    "settings node": "the host's name",
    "settings connectors": "none",
    **{f"settings {part}.url": "`local`" for part in ("database", "queues", "coordination", "blobs")},
    "web_form title": "`Write to us`, in Italian and English",
    "web_form fields": "name, email, phone, message",
    "api fields": "none",
    "web_form fields.NAME.max_length": "500; 10,000 when `multiline`",
    "api fields.NAME.max_length": "500; 10,000 when `multiline`",
}
"""For what a schema cannot tell: a default that is made at start, or hidden because it is a secret's type."""


class Wordless(Exception):
    """A key has no meaning, or `MEANINGS` has words for a key that is not there."""


def settings_table(name: str, model: type[BaseModel]) -> str:
    """Key, default and meaning of every key of a settings model, nested ones with their dotted path."""
    schema = model.model_json_schema()
    meanings = dict(MEANINGS.get(name, {}))
    lines = ["| key | default | meaning |", "| --- | --- | --- |"]
    for key, part, required in _keys(schema, schema.get("$defs", {}), ""):
        if key == "type":
            lines.append(f"| `type` | **needed** | `{name}` |")
            continue
        meaning = meanings.pop(key, None) or part.get("description")
        if meaning is None:
            raise Wordless(f"{name}: {key} has no description in its model and none in MEANINGS")
        default = DEFAULTS.get(f"{name} {key}") or ("**needed**" if required else _default(part))
        lines.append(f"| `{key.replace('NAME', '<name>')}` | {default} | {_cell(_sentence(meaning, part))} |")
    if meanings:
        raise Wordless(f"{name}: MEANINGS has words for {', '.join(meanings)}")
    return "\n".join(lines)


def _keys(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every key with its schema and whether it must be given; sections of fixed keys only by what is in them."""
    for name, part in schema["properties"].items():
        key = f"{prefix}{name}"
        inner, step = _inner(part, defs)
        if step or inner is None or "description" in part or part.get("anyOf"):
            yield key, part, name in schema.get("required", ())
        if inner is not None:
            yield from _keys(inner, defs, f"{key}{step}.")


def _inner(part: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The model inside a key, if any, and what stands between: nothing, `[]` of a list, `.NAME` of a mapping."""
    places = [(part, ""), *((one, "") for one in part.get("anyOf", ()))]
    places.append((part.get("items", {}), "[]"))
    places.append((part.get("additionalProperties") or {}, ".NAME"))
    places += [(one, ".NAME") for one in part.get("patternProperties", {}).values()]
    for place, step in places:
        if isinstance(place, dict) and "$ref" in place:
            return defs[place["$ref"].rpartition("/")[2]], step
    return None, ""


def _default(part: Mapping[str, Any]) -> str:
    value = part.get("default")
    if value in (None, []):
        return "none"
    if isinstance(value, dict):
        return "see below"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _sentence(meaning: str, part: Mapping[str, Any]) -> str:
    text = meaning.rstrip(".")
    if "_" not in text.partition(" ")[0]:
        text = text[0].upper() + text[1:]
    choices = part.get("enum")
    return f"{text}: {', '.join(f'`{one}`' for one in choices)}" if choices else text


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def metrics_table() -> str:
    """Every figure of the gateway's own with its labels."""
    lines = ["| figure | labels | what it is |", "| --- | --- | --- |"]
    for figure in vars(metrics).values():
        if isinstance(figure, Counter | Gauge | Histogram):
            (family,) = figure.describe()
            name = f"{family.name}_total" if isinstance(figure, Counter) else family.name
            labels = ", ".join(f"`{label}`" for label in figure._labelnames) or "none"  # there is no public name
            lines.append(f"| `{name}` ({family.type}) | {labels} | {_cell(family.documentation)} |")
    return "\n".join(lines)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "settings": lambda: settings_table("settings", Settings),
    **{
        name: lambda name=name: settings_table(name, find(name).settings)  # type: ignore[misc]  # mypy infers no default
        for name in ("whatsapp", "web_form", "api", "email", "mailgun", "postmark", "ses")
    },
    "metrics": metrics_table,
}
PAGES: Final = ("docs/configuration.md", "docs/operations.md")


def rewritten(text: str) -> str:
    """A page with its tables as they should be."""
    for name, table in TABLES.items():
        start = START.format(name=name)
        if start in text:
            before, _, rest = text.partition(start)
            after = rest[rest.index(END) :]
            text = f"{before}{start}\n{table()}\n{after}"
    return text


def main() -> int:
    """Write the pages, or with `--check` say which are out of date."""
    stale = []
    for page in PAGES:
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        if (new := rewritten(text)) != text:
            stale.append(page)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    for page in stale:
        print(f"{page} {'is out of date: run python -m scripts.write_reference' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
