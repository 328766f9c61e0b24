"""Twilio Programmable Messaging: Messages.json, media behind a redirect.

Sources: CHANNELS 3, twilio.com/docs "Messages resource", "Media resource", "Error and warning dictionary",
"Send and receive RCS messages" (`rcs:` before the number and the sender's id), "Facebook Messenger" (`messenger:` before the
ids of user and page).
The webhooks Twilio sends are in `twilio_webhooks`; both are imported from here.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from typing import Any, NoReturn

from aiohttp import web

from tests.providers.base import PATH, Accepted, FakeProvider, Refused, Route, Sent, basic
from tests.providers.twilio_webhooks import deliver, deliver_get, deliver_json, sign, sign_sha256

__all__ = ["TwilioRest", "deliver", "deliver_get", "deliver_json", "sign", "sign_sha256", "twilio_error"]

FIELDS = frozenset(
    {"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ContentSid", "ContentVariables"}
)
REPEATABLE = frozenset({"MediaUrl"})

PHONE = r"\+[1-9]\d{5,14}"
BSUID = r"[A-Z]{2}\.[A-Za-z0-9]{1,128}"
LINK = r"https?://\S+"
PSID = r"\d{5,20}"
RCS_AGENT = r"[a-z0-9_]{3,64}"
SENDER = rf"whatsapp:{PHONE}|rcs:{RCS_AGENT}|messenger:{PSID}|{PHONE}|\d{{3,8}}|(?=.*[A-Za-z])[A-Za-z0-9 ]{{1,11}}"

PATTERNS = {
    "To": (
        rf"{PHONE}|whatsapp:(?:{PHONE}|{BSUID})|rcs:{PHONE}|messenger:{PSID}",
        21211,
        "The 'To' number is not a valid phone number.",
    ),
    "From": (SENDER, 21212, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID."),
    "MessagingServiceSid": (r"MG[0-9a-f]{32}", 21701, "The Messaging Service does not exist."),
    "StatusCallback": (LINK, 21609, "The 'StatusCallback' URL is not a valid URL."),
    "MediaUrl": (LINK, 21620, "Invalid media URL(s)."),
    "ContentSid": (r"H[A-Z][0-9a-f]{32}", 21655, "The ContentSid is Invalid."),
}
"""field → (pattern of the whole value, error code, its text)"""


def twilio_error(code: int, message: str = "refused", status: int = 400) -> dict[str, Any]:
    """The body of a refusal, also for `provider.fail(400, twilio_error(63016))`."""
    return {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}


class TwilioRest(FakeProvider):
    """One account. `files` maps media SIDs to content; the webhook's `MediaUrl0` is `media_url(…)`.

    Sends go to `<url>/2010-04-01/Accounts/<sid>/Messages.json` with basic auth of sid and token.
    """

    def __init__(self, account_sid: str, auth_token: str) -> None:
        super().__init__()
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.mime_types: dict[str, str] = {}

    def media_url(self, message_sid: str, media_sid: str) -> str:
        return f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages/{message_sid}/Media/{media_sid}"

    def routes(self) -> Iterable[Route]:
        account = "/2010-04-01/Accounts/(?P<account>[^/]+)"
        return [
            Route("POST", f"{account}/Messages[.]json", send=self._messages),
            Route("GET", f"{account}/Messages/(?P<message>[^/.]+)/Media/(?P<media>[^/.]+)", handler=self._media),
            Route("GET", "/media-store/(?P<media>[^/]+)", handler=self._stored_media),
        ]

    def http_refusal(self, status: int, reason: str) -> web.Response:
        code = {404: 20404, 405: 20004, 415: 12300}.get(status, 20001)
        return web.json_response(twilio_error(code, reason, status), status=status)

    def refuse(self, code: int, message: str, status: int = 400) -> NoReturn:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
        answer = web.json_response(twilio_error(code, message, status), status=status, headers=headers)
        raise Refused(f"{code} {message}", answer)

    def _authorised(self, request: web.Request) -> None:
        if basic(request) != (self.account_sid, self.auth_token):
            self.refuse(20003, "Authenticate", 401)
        if request[PATH]["account"] != self.account_sid:
            self.refuse(20404, "The requested resource was not found", 404)
        if request.query:
            self.refuse(20001, f"Unknown parameters {sorted(request.query)}")

    async def _messages(self, request: web.Request) -> Sent:
        self._authorised(request)
        if request.content_type != "application/x-www-form-urlencoded":
            self.refuse_http(415, f"content type {request.content_type}")
        form = _lists(await request.post())
        self._check_names(form)
        self._check_values(form)
        message = _accepted(form, f"{'MM' if 'MediaUrl' in form else 'SM'}{_hex(f'message {self.next_number()}')}")
        return [message], web.json_response(self._resource(message, form), status=201)

    def _check_names(self, form: dict[str, list[str]]) -> None:
        if unknown := form.keys() - FIELDS:
            self.refuse(20001, f"Unknown parameters {sorted(unknown)}")
        if repeated := [name for name, values in form.items() if len(values) > 1 and name not in REPEATABLE]:
            self.refuse(20001, f"Repeated parameters {repeated}")

    def _check_values(self, form: dict[str, list[str]]) -> None:
        """The first broken rule of the table answers."""
        for broken, code, message in RULES:
            if broken(form):
                self.refuse(code, message)
        for name, (pattern, code, message) in PATTERNS.items():
            if not all(re.fullmatch(pattern, value) for value in form.get(name, [])):
                self.refuse(code, message)

    def _resource(self, message: Accepted, form: dict[str, list[str]]) -> dict[str, Any]:
        """The Message resource as "Create a Message" documents it; with a service the sender is chosen later."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{message.id}"
        service = form.get("MessagingServiceSid", [None])[0]
        now = format_datetime(datetime.now(UTC))
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": message.text or "",
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From", [None])[0],
            "messaging_service_sid": service,
            "num_media": str(len(form.get("MediaUrl", []))),
            "num_segments": "0" if service else "1",
            "price": None,
            "price_unit": None,
            "sid": message.id,
            "status": "accepted" if service else "queued",
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": message.to,
            "uri": f"{path}.json",
        }

    async def _media(self, request: web.Request) -> web.Response:
        """Twilio keeps no media under its own address: 307 to the store."""
        self._authorised(request)
        media = request[PATH]["media"]
        if media not in self.files:
            self.refuse(20404, "The requested resource was not found", 404)
        target = f"{self.url}/media-store/{media}?Signature={_hex(media)}"
        return web.Response(status=307, headers={"Location": target})

    async def _stored_media(self, request: web.Request) -> web.Response:
        media = request[PATH]["media"]
        if dict(request.query) != {"Signature": _hex(media)} or media not in self.files:
            self.refuse_http(404, "media address not given out")
        return web.Response(body=self.files[media], content_type=self.mime_types.get(media, "application/octet-stream"))


Form = dict[str, list[str]]


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _channel(address: str) -> str:
    """The prefix that says which channel an address is of; empty for SMS."""
    return address.partition(":")[0] if ":" in address else ""


ONE_FILE = frozenset({"whatsapp", "messenger"})
"""Channels that take one file in a message."""


def _bad_variables(form: Form) -> bool:
    """A JSON object of strings, and only with a ContentSid."""
    if "ContentVariables" not in form:
        return False
    try:
        variables = json.loads(_first(form, "ContentVariables"))
    except ValueError:
        return True
    is_map = isinstance(variables, dict) and all(isinstance(value, str) and value for value in variables.values())
    return not is_map or "ContentSid" not in form


RULES: list[tuple[Callable[[Form], bool], int, str]] = [
    (lambda form: not _first(form, "To"), 21604, "A 'To' phone number is required."),
    (lambda form: not form.keys() & {"From", "MessagingServiceSid"}, 21603, "A 'From' phone number is required."),
    (lambda form: {"From", "MessagingServiceSid"} <= form.keys(), 20001, "From and MessagingServiceSid exclude each other"),
    (
        lambda form: not any(_first(form, name) for name in ("Body", "MediaUrl", "ContentSid")),
        21619,
        "A text message body or media urls must be specified.",
    ),
    (
        lambda form: "ContentSid" in form and bool(form.keys() & {"Body", "MediaUrl"}),
        20001,
        "ContentSid excludes Body and MediaUrl",
    ),
    (lambda form: len(_first(form, "Body")) > 1600, 21617, "The concatenated message body exceeds the 1600 character limit."),
    (
        lambda form: len(form.get("MediaUrl", [])) > (1 if _channel(_first(form, "To")) in ONE_FILE else 10),
        21623,
        "Number of media files exceeds allowed limit.",
    ),
    (
        lambda form: "From" in form and _channel(_first(form, "From")) != _channel(_first(form, "To")),
        21910,
        "Invalid From and To pair. From and To should be of the same channel.",
    ),
    (
        lambda form: "From" in form and _first(form, "From") == _first(form, "To"),
        21266,
        "'To' and 'From' number cannot be the same.",
    ),
    (_bad_variables, 21656, "The ContentVariables Parameter is invalid."),
]


def _lists(form: Any) -> Form:
    return {name: [str(value) for value in form.getall(name)] for name in form}


def _accepted(form: Form, sid: str) -> Accepted:
    kind = "template" if "ContentSid" in form else "media" if "MediaUrl" in form else "text"
    placed = ("To", "Body")
    extra: dict[str, Any] = {name: values[0] for name, values in form.items() if name not in placed}
    if "MediaUrl" in form:
        extra["MediaUrl"] = form["MediaUrl"]
    return Accepted(
        id=sid,
        to=_first(form, "To"),
        kind=kind,
        text=_first(form, "Body") or None,
        media=form.get("MediaUrl", [None])[0],
        extra=extra,
    )


def _hex(words: str) -> str:
    """32 hex digits, as SIDs have."""
    return md5(words.encode(), usedforsecurity=False).hexdigest()
