"""From the JSON body of an API client to a contact, with everything that is wrong with it said at once."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson
from msgspec import convert
from pydantic import ValidationError

from connectors.api_body import AddressBody, HandleBody, MessageBody
from connectors.api_settings import ApiSettings
from connectors.base import Request
from connectors.errors import Rejected
from connectors.forms import JSON
from connectors.uploads import attachment
from normalizer.fields import read_fields
from normalizer.inbound import Call, FieldValue, Handle, InboundAttachment, InboundMessage, Location, Page, Reply, Sender
from normalizer.values import Invalid, read_email, read_phone

_SHOWN: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_ADVICE: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not known here: remove it",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "timezone_aware": "must have its offset from UTC, such as 2026-11-21T18:02:11Z",
    "string_pattern_mismatch": "does not have the expected form: see the API description",
}


class Reading:
    """A well-formed body against the settings; every problem is collected before it is refused."""

    def __init__(self, settings: ApiSettings, body: MessageBody) -> None:
        self.settings = settings
        self.body = body
        self.problems: dict[str, str] = {}

    def message(self, request: Request, event_key: str) -> InboundMessage:
        """The contact. Raises `Rejected("invalid_fields")`."""
        body = self.body
        brands, channels = _offered(self.settings)
        self.problems.update(_named(self.settings, body.brand, body.channel))
        sender = self._sender()
        via = self._via(sender)
        fields, attachments = self._fields(), self._attachments()
        if self.problems:
            raise _refusal(self.problems)
        return InboundMessage(
            event_key=event_key,
            external_id=body.external_id or event_key,
            brand=body.brand or brands[0],
            channel=body.channel or channels[0],
            account=None,
            kind=body.kind,
            sender=sender,
            order_key=f"{sender.handle.kind}:{sender.handle.value}",
            raw=request.body,
            raw_content_type=JSON,
            sent_at=body.sent_at or request.received_at,
            subject=body.subject or None,
            text=body.text or None,
            attachments=attachments,
            location=convert(body.location.model_dump(), Location) if body.location else None,
            call=convert(body.call.model_dump(), Call) if body.call else None,
            fields=fields,
            page=convert(body.page.model_dump(), Page) if body.page else None,
            language=body.language,
            reply=Reply(via=via),
        )

    def _sender(self) -> Sender:
        """An alias that nobody vouches for is handed on among the claims: in a contact, aliases are proven."""
        body = self.body.sender
        aliases = tuple(self._handles("sender.aliases", body.aliases))
        typed = tuple(alias for alias in aliases if alias.proof == "claimed")
        return Sender(
            handle=self._handle("sender.handle", body.handle),
            name=body.name or None,
            aliases=tuple(alias for alias in aliases if alias.proof != "claimed"),
            claims=(*typed, *self._handles("sender.claims", body.claims)),
        )

    def _handles(self, path: str, handles: Iterable[HandleBody]) -> Iterator[Handle]:
        for index, handle in enumerate(handles):
            yield self._handle(f"{path}.{index}", handle)

    def _handle(self, path: str, handle: HandleBody) -> Handle:
        if handle.proof != "claimed" and handle.proof not in self.settings.trusted_proofs:
            self.problems[f"{path}.proof"] = "this connector is not trusted to give that proof: leave it out"
        return Handle(handle.kind, self._address(f"{path}.value", handle), handle.proof)

    def _address(self, path: str, address: HandleBody | AddressBody) -> str:
        try:
            if address.kind == "email":
                return read_email(address.value)
            if address.kind == "phone":
                return read_phone(address.value, self.settings.region)
        except Invalid as invalid:
            self.problems[path] = invalid.problem.advice()
        return address.value

    def _via(self, sender: Sender) -> Handle | None:
        given = (sender.handle, *sender.aliases, *sender.claims)
        asked = self.body.reply_via
        if asked is None:
            reachable = self.body.kind in ("form", "call", "visit")
            return next((handle for handle in given if reachable and handle.kind in ("email", "phone")), None)
        value = self._address("reply_via.value", asked)
        if "reply_via.value" in self.problems:
            return None
        via = next((handle for handle in given if (handle.kind, handle.value) == (asked.kind, value)), None)
        if via is None:
            self.problems["reply_via"] = "must be an address given in this contact: add it to sender.claims"
        return via

    def _fields(self) -> dict[str, FieldValue]:
        typed, problems = _typed(self.settings, self.body.fields)
        self.problems.update(problems)
        return typed

    def _attachments(self) -> tuple[InboundAttachment, ...]:
        files = tuple(
            attachment(file.filename, file.content_type, base64.b64decode(file.content)) for file in self.body.attachments
        )
        if files and self.settings.upload is None:
            self.problems["attachments"] = "this connector takes no files: send it without"
        elif files and self.settings.upload and len(files) > self.settings.upload.max_files:
            self.problems["attachments"] = f"must be at most {self.settings.upload.max_files}"
        for index, file in enumerate(files if self.settings.upload else ()):
            if self.settings.upload and (problem := self.settings.upload.problem(file)):
                self.problems[f"attachments.{index}"] = problem.advice()
        return files


def read_body(settings: ApiSettings, body: bytes) -> MessageBody:
    """The body in its documented form. Raises `Rejected`: `malformed`, `invalid_fields`.

    Nesting, lone surrogates and endless numbers are refused by the JSON reader itself; NaN and Infinity by the model.
    """
    try:
        return MessageBody.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
    if errors[0]["type"] in ("json_invalid", "model_type") and not errors[0]["loc"]:
        raise Rejected("malformed", "the body must be one JSON object in UTF-8")
    raise _refusal({**_settings_problems(settings, body), **_advice(errors)})


def _settings_problems(settings: ApiSettings, body: bytes) -> dict[str, str]:
    # The form is wrong, but what depends on the settings can be looked at all the same: one round of corrections, not two.
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    fields = document.get("fields", {})
    problems = _typed(settings, fields)[1] if isinstance(fields, dict) else {}
    return {**_named(settings, document.get("brand"), document.get("channel")), **problems}


def _offered(settings: ApiSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (settings.brand, *settings.brands), settings.channels


def _named(settings: ApiSettings, brand: object, channel: object) -> dict[str, str]:
    brands, channels = _offered(settings)
    named = (("brand", brand, brands), ("channel", channel, channels))
    return {
        name: f"must be one of: {', '.join(allowed)}"
        for name, given, allowed in named
        if given is not None and given not in allowed
    }


def _typed(settings: ApiSettings, values: Mapping[str, object]) -> tuple[dict[str, FieldValue], dict[str, str]]:
    typed, problems = read_fields(settings.fields, values, region=settings.region)
    advice = {f"fields.{name}": problem.advice() for name, problem in problems.items()}
    unknown = (name for name in values if name not in settings.fields)
    return typed, {**advice, **{_dotted(("fields", name)): _ADVICE["extra_forbidden"] for name in unknown}}


def _refusal(problems: Mapping[str, str]) -> Rejected:
    return Rejected("invalid_fields", f"correct {len(problems)} value(s): see fields", fields=problems)


def _advice(errors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    advice: dict[str, str] = {}
    for error in errors:
        if error["loc"][:1] == ("fields",) and len(error["loc"]) > 1:
            # One error for each type the value might have had: said once.
            advice[_dotted(error["loc"][:2])] = "must be text, a number, true, false or null"
        else:
            advice[_dotted(error["loc"])] = _ADVICE.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return advice


def _dotted(loc: Iterable[str | int]) -> str:
    """`sender.handle.value`. A name the caller made up is shown only where it looks like one."""
    return ".".join(part if _SHOWN.fullmatch(part) else "?" for part in map(str, loc)) or "body"
