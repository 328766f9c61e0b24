"""The web form (`type: web_form`): a hosted page, or the shop's own page that posts here.

Anybody may post, so nothing a form says is more than a claim. The same names serve all three encodings (JSON, form-encoded,
multipart): the declared fields and the hidden ones of `HIDDEN`. Source of the encodings: HTML Living Standard (form
submission), RFC 7578.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import orjson

from connectors.abilities import Abilities
from connectors.base import BaseConnector, Channel, Parsed, Request
from connectors.errors import Rejected
from connectors.form_settings import FILES, HIDDEN, WebFormSettings
from connectors.form_topics import fields_with, read_articles, read_topic, with_topic
from connectors.forms import Body, idempotency_key, read_body
from connectors.uploads import attachment
from normalizer.advice import Language, Problem
from normalizer.fields import label_of, read_fields
from normalizer.inbound import FieldValue, Handle, InboundAttachment, InboundMessage, Page, Reply, Sender
from normalizer.values import clean_line

_LONGEST_URL: Final = 2000
_LONGEST_TITLE: Final = 300
_LONGEST_TOKEN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A refused post, for the page that shows it again: what was written stays, files have to be chosen anew."""

    language: Language
    values: Mapping[str, str]
    submission: str | None
    page: Page | None
    topic: str | None
    faq: tuple[str, ...]


class WebForm(BaseConnector[WebFormSettings]):
    """One form. `parse` is the whole of it; `draft` serves the page that asks for corrections."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand,))

    def verify(self, request: Request) -> None:
        """Nothing: a public form carries no proof."""

    def parse(self, request: Request) -> Parsed:
        """One contact of kind `form`. Raises `Rejected`: `unsupported_media_type`, `malformed`, `too_large`, or
        `invalid_fields` with every field that needs correcting, in the language of the page."""
        key = idempotency_key(request)
        body = read_body(request)
        files = tuple(attachment(file.filename, file.content_type, file.content) for file in body.files)
        typed = self._checked(request, body, files)
        return Parsed(messages=(self._message(request, body, typed, files, key),))

    def draft(self, request: Request) -> Draft:
        """What was written, as strings, from a post that `parse` refused with `invalid_fields`. Raises `Rejected`."""
        body = read_body(request)
        values = {name: str(body.values[name]) for name in self.settings.fields if body.values.get(name) is not None}
        return Draft(
            language=self._language(request, body),
            values=values,
            submission=_token(body.values.get("submission")),
            page=_page(request, body),
            topic=read_topic(self.settings.topics, body.values.get(self.settings.topic_field), needed=False)[0],
            faq=read_articles(body.values.get("faq")),
        )

    def _language(self, request: Request, body: Body) -> Language:
        asked = body.values.get("language")
        return choose_language(self.settings, asked if isinstance(asked, str) else None, request.headers.get("accept-language"))

    def _checked(self, request: Request, body: Body, files: tuple[InboundAttachment, ...]) -> dict[str, FieldValue]:
        settings, values = self.settings, body.values
        repeated = body.repeated
        topic, wrong = read_topic(settings.topics, values.get(settings.topic_field), needed=settings.topic_required)
        shown = fields_with(settings.topics, settings.fields, topic)
        typed, problems = read_fields(shown, values, region=settings.region)
        topics = (settings.topic_field,) if settings.topics else ()
        if wrong is not None:
            problems = {settings.topic_field: wrong, **problems}
        # Which of two values the customer meant cannot be known.
        problems.update({name: Problem("given_twice") for name in (*shown, *topics) if name in repeated})
        language = self._language(request, body)
        for group in settings.groups:
            if not any(name in typed or name in problems for name in group):
                labels = ", ".join(label_of(name, settings.fields[name], language) for name in group)
                problems[group[0]] = Problem("one_of", labels)
        if body.is_json:
            # A script's author wants to hear of a misspelt name; a browser's extra field (an extension, a shop's plug-in)
            # must not cost a customer the message, and stays in `raw`.
            known = {*(settings.fields if wrong else shown), *HIDDEN, settings.honeypot, *topics}
            problems.update({name[:60]: Problem("unknown") for name in values if name not in known})
        if files and (problem := settings.upload.first_problem(files) if settings.upload else Problem("no_files")):
            problems[FILES] = problem
        if problems:
            advice = {name: problem.advice(language) for name, problem in problems.items()}
            raise Rejected("invalid_fields", f"correct {len(advice)} field(s): see fields", fields=advice)
        return with_topic(settings.topic_field, topic, typed)

    def _message(
        self,
        request: Request,
        body: Body,
        typed: Mapping[str, FieldValue],
        files: tuple[InboundAttachment, ...],
        given_key: str | None,
    ) -> InboundMessage:
        settings = self.settings
        handles = [
            Handle(kind, str(typed[name]), "claimed")
            for kind, name in (("email", settings.email_field), ("phone", settings.phone_field))
            if name in typed
        ]
        token = _token(body.values.get("submission")) or given_key or request.received_at.isoformat()
        key = _event_key(token, typed, files)
        language = body.values.get("language")
        return InboundMessage(
            event_key=key,
            external_id=key,
            brand=settings.brand,
            channel=settings.channel,
            account=None,
            kind="form",
            sender=Sender(handle=handles[0], name=_role(typed, settings.name_field), claims=tuple(handles[1:])),
            order_key=f"{handles[0].kind}:{handles[0].value}",
            raw=body.raw,
            raw_content_type=body.raw_content_type,
            sent_at=request.received_at,
            subject=_role(typed, settings.subject_field),
            text=_role(typed, settings.message_field),
            attachments=files,
            fields={name: value for name, value in typed.items() if name not in settings.roles},
            page=_page(request, body),
            faq=read_articles(body.values.get("faq")),
            automated="honeypot" if str(body.values.get(settings.honeypot) or "").strip() else None,
            language=language if language in settings.languages else None,
            reply=Reply(via=handles[0]),
        )


class Speaking(Protocol):
    """Whatever speaks several languages, the first of which is its own."""

    @property
    def languages(self) -> tuple[Language, ...]: ...


def choose_language(settings: Speaking, asked: str | None, accept: str | None) -> Language:
    """The page's language: the one asked for, else the first of Accept-Language that the form speaks, else its first."""
    wanted = [asked or "", *(part.partition(";")[0].strip() for part in (accept or "").split(",")[:20])]
    for tag in wanted:
        for language in settings.languages:
            if tag.lower().partition("-")[0] == language:
                return language
    return settings.languages[0]


def _role(typed: Mapping[str, FieldValue], name: str | None) -> str | None:
    value = typed.get(name) if name else None
    return None if value is None else str(value)


def _event_key(token: str, typed: Mapping[str, FieldValue], files: tuple[InboundAttachment, ...]) -> str:
    """The token (the page's own, or the Idempotency-Key) and a hash of the content: the same page posted twice is a
    repeat, gone back to and changed it is a new contact. Without either, every post is a contact of its own by its time."""
    content = orjson.dumps(
        [typed, [hashlib.sha256(file.content or b"").hexdigest() for file in files]], option=orjson.OPT_SORT_KEYS
    )
    return f"{token}:{hashlib.sha256(content).hexdigest()[:32]}"


def _token(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if text and len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable() else None


def _page(request: Request, body: Body) -> Page | None:
    url = web_address(body.values.get("page_url")) or web_address(request.headers.get("referer"))
    referrer = web_address(body.values.get("page_referrer"))
    title = body.values.get("page_title")
    title = clean_line(title)[:_LONGEST_TITLE] if isinstance(title, str) else None
    return Page(url=url, title=title or None, referrer=referrer) if url or title or referrer else None


def web_address(value: object) -> str | None:
    """The address of a page, where a value is one."""
    # A page's address is background, not the customer's words: what is no web address is left to `raw`.
    text = clean_line(value) if isinstance(value, str) else ""
    fits = text.startswith(("https://", "http://")) and len(text) <= _LONGEST_URL and " " not in text
    return text if fits else None


CHANNEL = Channel(
    name="web_form",
    settings=WebFormSettings,
    connector=WebForm,
    way_in="form",
    unverified=(
        "forms are not signed, and visitors are told what to correct, where a provider's event would be kept: it is tested in "
        "tests/connectors/test_web_form.py, and with damaged bodies in test_mutated.py"
    ),
    abilities=Abilities(kinds=frozenset({"form"}), proof=frozenset({"claimed"}), media=True),
    example={"brand": "example"},
)
