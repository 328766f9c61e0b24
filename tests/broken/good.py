"""Parrot, a chat that does not exist. Every step is a method of its own, so that a broken connector overrides just one."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import structs

from connectors.abilities import Abilities, Limits
from connectors.base import Answer, BaseConnector, Channel, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post
from connectors.errors import Rejected, SendCode, SendFailed
from connectors.kit import outbound
from connectors.kit.content import Content, read_kind
from connectors.kit.elements import Element, Found, read_json
from connectors.kit.place import Place, recipient
from connectors.kit.settings import AccountsSettings, Secrets, SetSecret, several
from connectors.kit.signatures import check_hmac, is_one_of
from connectors.reading import Part, moment
from normalizer.inbound import Handle, InboundAttachment, Reply, Sender

LIMITS: Final = Limits(text=100, buttons=2, button_title=20)
STALE: Final = 300
SECRET: Final = "parrot-secret-0123456789"
HEADER: Final = "X-Parrot-Signature"
KINDS: Final = {
    "text": lambda content: Content(kind="text", text=content.text("text")),
    "file": lambda content: Content(kind="media", attachments=(InboundAttachment(reference=content.ident("url")),)),
}
ABILITIES: Final = Abilities(
    kinds=frozenset({"text", "media", "edit", "unsupported"}),
    proof=frozenset({"verified"}),
    states=frozenset({"delivered", "read", "echo"}),
    media=True,
    window=outbound.timedelta(hours=24),
    send=LIMITS,
)


class ParrotSettings(AccountsSettings):
    type: Literal["parrot"]
    secret: Secrets
    verify_token: SetSecret
    token: SetSecret


class Parrot(BaseConnector[ParrotSettings]):
    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def handshake(self, request: Request) -> Answer | None:
        if request.method != "GET":
            return None
        if not is_one_of(request.query.get("token", ""), (self.settings.verify_token,)):
            raise Rejected("handshake_refused", "token must be the configured verify_token")
        return Answer(body=request.query.get("challenge", "").encode())

    def verify(self, request: Request) -> None:
        stamp = request.headers.get("x-parrot-time", "")
        self.check(request, f"{stamp}.".encode() + request.body)
        self.fresh(stamp, request)

    def check(self, request: Request, signed: bytes) -> None:
        check_hmac(request, HEADER, several(self.settings.secret), encoding="hex", signed=signed)

    def fresh(self, stamp: str, request: Request) -> None:
        at = moment(stamp)
        if at is None or abs((request.received_at - at).total_seconds()) > STALE:
            raise Rejected("signature_stale", "X-Parrot-Time is too far from now")

    def parse(self, request: Request) -> Parsed:
        self.received_at = request.received_at
        return read_json(request.body, self.lay_out, self.read)

    def lay_out(self, body: Part) -> Iterator[Element]:
        for index, event in enumerate(body.array("events")):
            yield Element(value=event, path=f"events[{index}]", alone=self.alone(body, event), within=body)

    def alone(self, body: Part, event: Any) -> Any:
        return {"account": body.data.get("account"), "events": [event]}

    def read(self, element: Element, raw: bytes) -> Found:
        event, account = element.part, element.within.ident("account")
        place = self.place(account)
        word = event.ident("type")
        if word in ("delivered", "read"):
            return self.receipt(place, account, event, raw)
        if word == "echo":
            return self.echo(place, account, event, raw)
        return self.contact(place, account, event, raw)

    def receipt(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        about, word = event.ident("message"), event.ident("type")
        return place.status(word, key=f"{account}:{about}:{word}", external_id=about, raw=raw)

    def echo(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        return place.status("echo", key=self.key(account, event), external_id=event.ident("id"), raw=raw)

    def place(self, account: str) -> Place:
        return self.settings.place(account, "parrot")

    def contact(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        content, about = self.content(event.part("content")), event.optional_ident("edits")
        if about is not None:
            content = structs.replace(content, kind="edit", about=about)
        return place.contact(
            content,
            key=self.key(account, event),
            external_id=event.ident("id"),
            sender=self.sender(place, account, event.part("visitor")),
            raw=raw,
            sent_at=self.sent_at(event),
            reply=Reply(),
        )

    def key(self, account: str, event: Part) -> str:
        return f"{account}:{event.ident('id')}"

    def sent_at(self, event: Part) -> datetime | None:
        return moment(event.data.get("at"))

    def sender(self, place: Place, account: str, visitor: Part) -> Sender:
        email = visitor.hint("email")
        claims = (Handle("email", email.lower(), "claimed"),) if email else ()
        return Sender(handle=place.handle("parrot_visitor", visitor.ident("id"), account), claims=claims)

    def content(self, content: Part) -> Content:
        return read_kind(KINDS, content.ident("kind"), content, "parrot")

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await http.download(reference, hosts=("files.parrot.example",))

    async def send(self, message: Outgoing, http: Http) -> Sent:
        outbound.check(message, LIMITS, outbound.now(), ABILITIES.window)
        self.to(message)
        return await self.leave(message, http)

    def to(self, message: Outgoing) -> str:
        return recipient(message.to, ("parrot_visitor",), self.account(message))

    def account(self, message: Outgoing) -> str:
        return self.settings.sending_account(message.account)

    async def leave(self, message: Outgoing, http: Http) -> Sent:
        parts = list(outbound.split(message.text, LIMITS))

        async def post_part(numbered: tuple[int, str]) -> str | None:
            number, part = numbered
            return await self.post(message if number == len(parts) else without_buttons(message), part, http)

        return await outbound.one_by_one(enumerate(parts, 1), post_part)

    async def post(self, message: Outgoing, part: str, http: Http) -> str | None:
        buttons = [[button.id, button.title] for button in message.buttons]
        payload = {"from": self.account(message), "to": self.to(message), "text": part, "buttons": buttons}
        headers = outbound.bearer(self.settings.token)
        response = await outbound.call(http, "POST", "https://parrot.example/v1/messages", headers=headers, json=payload)
        if response.status >= outbound.FIRST_ERROR:
            raise outbound.refused(response, self.code(response.status))
        given = outbound.answer(response).hint("id")
        if given is None:
            raise SendFailed("unknown", "Parrot answered without an id")
        return given

    def code(self, status: int) -> SendCode:
        return outbound.status_code(status)


def without_buttons(message: Outgoing) -> Outgoing:
    return replace(message, buttons=())


def sign(body: bytes, secret: str, at: datetime) -> Request:
    stamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return post(body, at, {HEADER: signature, "X-Parrot-Time": stamp}, name="parrot")


def _event(number: int, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    visitor = {"id": f"visitor-{number % 2}", "email": "Anna@example.it"}
    return {"id": f"evt_{number}", "type": "message", "at": 1795284131 + number, "visitor": visitor, "content": content} | more


def _body(*events: dict[str, Any]) -> bytes:
    return json.dumps({"account": "shop-it", "events": events}).encode()


_TEXT = {"kind": "text", "text": "Vorrei un rimborso"}
SAMPLES: Final = {
    "text": _body(_event(1, _TEXT)),
    "mixed": _body(
        _event(2, _TEXT),
        _event(3, {"kind": "file", "url": "https://files.parrot.example/9"}),
        {"id": "evt_4", "type": "read", "message": "out_1"},
        _event(6, _TEXT),
    ),
    "edited": _body(_event(7, {"kind": "text", "text": "Vorrei un cambio"}, edits="evt_0")),
    "delivered": _body({"id": "evt_8", "type": "delivered", "message": "out_1"}),
    "our_own": _body({"id": "out_2", "type": "echo", "text": "Certo!"}),
    "new_kind": _body(_event(5, {"kind": "hologram", "depth": 3})),
    "test": _body(),
}


def subject_of(connector: type[Parrot], settings: type[ParrotSettings] = ParrotSettings) -> Subject:
    """A subject for the good connector or a broken one."""
    return Subject(
        channel=Channel(name="parrot", settings=settings, connector=connector, abilities=ABILITIES),
        settings={
            "type": "parrot",
            "secret": SECRET,
            "verify_token": "parrot-verify-token",
            "token": "parrot-api-token-0123",
            "accounts": {"shop-it": {"brand": "demo"}, "shop-de": {"brand": "demo"}},
        },
        samples=SAMPLES,
        sign=sign,
        secret_key="secret",
        secret=SECRET,
        signature=HEADER,
        contact="text",
        batch="mixed",
        stale_after=STALE,
        more={"echo": "our_own"},
        replying=Replying(
            outgoing=Outgoing(
                to=Handle("parrot_visitor", "shop-it:visitor-1", "verified"),
                text="È partita oggi.",
                account="shop-it",
                in_reply_to="evt_1",
                token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
                last_inbound_at=ARRIVED,
            ),
            taken=answer({"id": "out_9"}),
            told=[(answer({}, 429), "rate_limited"), (answer({}, 401), "auth"), (answer({}, 503), "retryable")],
        ),
    )
