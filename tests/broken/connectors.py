"""One mistake each, of those that people make. `CAUGHT_BY` says which check must find it."""

import hmac
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pydantic import ConfigDict

from connectors.base import Answer, Http, Outgoing, Parsed, Request, Sent
from connectors.errors import Rejected, SendFailed
from connectors.kit import outbound
from connectors.kit.content import Content
from connectors.kit.elements import Element, Found
from connectors.kit.place import Place
from connectors.kit.settings import several
from connectors.kit.signatures import check_hmac, digest, required, wrong
from connectors.reading import Misshapen, Part
from normalizer.inbound import Handle, Sender
from tests.broken.good import HEADER, LIMITS, STALE, Parrot, ParrotSettings


class NoSignatureCheck(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        required(request, HEADER)


class MissingSignaturePasses(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        if HEADER.lower() in request.headers:
            super().check(request, signed)


class EmptySignaturePasses(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        if request.headers.get(HEADER.lower(), "none") != "":
            super().check(request, signed)


class SignatureComparedByEquals(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        given = required(request, HEADER).encode("utf-8", "replace")
        if given not in [digest(secret, signed, "hex") for secret in several(self.settings.secret)]:
            raise wrong(HEADER)


class BeginningOfSignatureIsEnough(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        given = required(request, HEADER).encode("utf-8", "replace")
        made = [digest(secret, signed, "hex")[: len(given)] for secret in several(self.settings.secret)]
        if not any(hmac.compare_digest(given, one) for one in made):
            raise wrong(HEADER)


class SignatureComparedAsText(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        given = required(request, HEADER)
        made = [digest(secret, signed, "hex").decode() for secret in several(self.settings.secret)]
        if not any(hmac.compare_digest(given, one) for one in made):  # raises TypeError for text outside ASCII
            raise wrong(HEADER)


class SignatureFoundAnywhereInTheHeader(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        for part in required(request, HEADER).split(","):
            changed = Request(
                method="POST",
                url="",
                headers={HEADER.lower(): part.strip()},
                query={},
                body=request.body,
                received_at=request.received_at,
            )
            try:
                return super().check(changed, signed)
            except Rejected:
                continue
        raise wrong(HEADER)


class FirstSecretOnly(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        check_hmac(request, HEADER, several(self.settings.secret)[:1], encoding="hex", signed=signed)


class BodyWrittenAnewIsVerified(Parrot):
    def check(self, request: Request, signed: bytes) -> None:
        stamp = request.headers.get("x-parrot-time", "")
        try:
            anew = json.dumps(json.loads(request.body)).encode()
        except ValueError:
            anew = request.body
        super().check(request, f"{stamp}.".encode() + anew)


class StaleSignaturePasses(Parrot):
    def fresh(self, stamp: str, request: Request) -> None: ...


class FutureSignaturePasses(Parrot):
    def fresh(self, stamp: str, request: Request) -> None:
        if request.received_at.timestamp() - int(stamp) > STALE:
            raise Rejected("signature_stale", "too old")


class AnyChallengeIsAnswered(Parrot):
    def handshake(self, request: Request) -> Answer | None:
        return Answer(body=request.query.get("challenge", "").encode()) if request.method == "GET" else None


class FirstEventOnly(Parrot):
    def lay_out(self, body: Part) -> Iterator[Element]:
        yield from list(super().lay_out(body))[:1]


class OneBadEventSpoilsAll(Parrot):
    def lay_out(self, body: Part) -> Iterator[Element]:
        for element in super().lay_out(body):
            Part.of(element.value, element.path).ident("id")
            yield element


class BadEventsAreLeftOut(Parrot):
    def lay_out(self, body: Part) -> Iterator[Element]:
        return (element for element in super().lay_out(body) if isinstance(element.value, dict) and element.value.get("id"))


class NotJsonRaises(Parrot):
    def parse(self, request: Request) -> Parsed:
        json.loads(request.body)
        return super().parse(request)


class TextAssumed(Parrot):
    def content(self, content: Part) -> Content:
        return Content(kind="text", text=content.data["text"])


class NewKindsAreDropped(Parrot):
    def content(self, content: Part) -> Content:
        if content.ident("kind") not in ("text", "file"):
            return Content(kind="text")
        return super().content(content)


class KeyIsTheTimeOfArrival(Parrot):
    def key(self, event: Part) -> str:
        return self.received_at.isoformat() + event.ident("id")


class KeyIsTheVisitor(Parrot):
    def key(self, event: Part) -> str:
        return event.hints("visitor").hint("id") or "read"


class RawIsThePartOnly(Parrot):
    def alone(self, body: Part, event: Any) -> Any:
        return event


class ClockIsRead(Parrot):
    def sent_at(self, event: Part) -> datetime | None:
        return outbound.now()


class TimeWithoutZone(Parrot):
    def sent_at(self, event: Part) -> datetime | None:
        at = super().sent_at(event)
        return at.replace(tzinfo=None) if at else None


class TimeOverflows(Parrot):
    def sent_at(self, event: Part) -> datetime | None:
        return datetime.fromtimestamp(event.data.get("at") or 0, outbound.UTC)


class TypedAddressCalledProven(Parrot):
    def sender(self, place: Place, account: str, visitor: Part) -> Sender:
        email = visitor.hint("email")
        claims = (Handle("email", email.lower(), "verified"),) if email else ()
        return Sender(handle=place.handle("parrot_visitor", visitor.ident("id"), account), claims=claims)


class UnknownAccountGoesToTheFirst(Parrot):
    def place(self, account: str) -> Place:
        return self.settings.place(next(iter(self.settings.accounts)), "parrot")


class BrandOutOfTheRequest(Parrot):
    def place(self, account: str) -> Place:
        return Place(brand=account, channel="parrot", account=account)


class KindNobodyDeclared(Parrot):
    def content(self, content: Part) -> Content:
        found = super().content(content)
        return Content(kind="form", text=found.text) if found.kind == "text" else found


class ValueInTheReason(Parrot):
    def read(self, element: Element, raw: bytes) -> Found:
        try:
            return super().read(element, raw)
        except Misshapen as problem:
            raise Misshapen(element.path, f"something better than {element.value}") from problem


class BodyInTheLog(Parrot):
    def parse(self, request: Request) -> Parsed:
        logging.getLogger(__name__).info("got %s", request.body)
        return super().parse(request)


class SecretInTheReason(Parrot):
    def content(self, content: Part) -> Content:
        try:
            return super().content(content)
        except Misshapen as problem:
            raise Misshapen("content", f"other ({several(self.settings.secret)[0].get_secret_value()})") from problem


class UnknownSettingsPass(ParrotSettings):
    model_config = ConfigDict(extra="ignore")


class SecretIsPlainText(ParrotSettings):
    secret: Any

    def __repr__(self) -> str:
        return f"secret={self.secret}"


class ClosedWindowIsTried(Parrot):
    async def send(self, message: Outgoing, http: Http) -> Sent:
        outbound.check(message, LIMITS, outbound.now())
        return await self.leave(message, http)


class EmptyTextIsSent(Parrot):
    async def send(self, message: Outgoing, http: Http) -> Sent:
        if not message.text.strip():
            await self.post(message, message.text, http)
        return await super().send(message, http)


class LostAnswerIsRetried(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        try:
            return await super().leave(message, http)
        except SendFailed as failed:
            raise SendFailed("retryable" if failed.code == "unknown" else failed.code, failed.detail) from failed


class RefusalIsASuccess(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        try:
            return await super().leave(message, http)
        except SendFailed:
            return Sent(external_ids=())


class WaitIsForgotten(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        try:
            return await super().leave(message, http)
        except SendFailed as failed:
            raise SendFailed(failed.code, failed.detail) from failed


class LongTextIsCutOff(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        return Sent(external_ids=(await self.post(message, message.text[: LIMITS.text], http) or "",))


class HalfAMessageIsRepeated(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        ids = [await self.post(message, part, http) for part in outbound.split(message.text, LIMITS)]
        return Sent(external_ids=tuple(filter(None, ids)))


class ButtonsAreLeftOut(Parrot):
    async def post(self, message: Outgoing, part: str, http: Http) -> str | None:
        return await super().post(outbound_without_buttons(message), part, http)


class ProvidersWordsInTheError(Parrot):
    async def post(self, message: Outgoing, part: str, http: Http) -> str | None:
        response = await outbound.call(
            http, "POST", "https://parrot.example/v1/messages", json={"text": part, "b": message.buttons}
        )
        if response.status >= outbound.FIRST_ERROR:
            raise SendFailed(outbound.status_code(response.status), response.body.decode())
        return outbound.answer(response).hint("id")


class TokenInTheError(Parrot):
    async def post(self, message: Outgoing, part: str, http: Http) -> str | None:
        try:
            return await super().post(message, part, http)
        except SendFailed as failed:
            raise SendFailed(failed.code, f"{failed.detail} {outbound.bearer(self.settings.token)}") from failed


def outbound_without_buttons(message: Outgoing) -> Outgoing:
    return Outgoing(
        to=message.to, text=message.text, account=message.account, in_reply_to=message.in_reply_to, token=message.token
    )


CAUGHT_BY: Final[dict[type[Parrot] | type[ParrotSettings], str]] = {
    NoSignatureCheck: "another secret is refused",
    MissingSignaturePasses: "a missing signature is refused",
    EmptySignaturePasses: "an empty signature is refused",
    SignatureComparedByEquals: "secrets are compared in constant time",
    BeginningOfSignatureIsEnough: "a part of the signature is refused",
    SignatureComparedAsText: "garbage for a signature is refused",
    SignatureFoundAnywhereInTheHeader: "two signatures in one are refused",
    FirstSecretOnly: "both secrets verify while one is changed",
    BodyWrittenAnewIsVerified: "a body written anew is refused",
    StaleSignaturePasses: "a stale signature is refused",
    FutureSignaturePasses: "a stale signature is refused",
    AnyChallengeIsAnswered: "a stranger gets no challenge answered",
    FirstEventOnly: "every event of a batch is read",
    OneBadEventSpoilsAll: "a bad event never spoils its neighbours",
    BadEventsAreLeftOut: "a wrong type anywhere loses nothing",
    NotJsonRaises: "what is kept is exact",
    TextAssumed: "every sample is read",
    NewKindsAreDropped: "every contact says something",
    KeyIsTheTimeOfArrival: "repeats have the same keys",
    KeyIsTheVisitor: "different events have different keys",
    RawIsThePartOnly: "raw is read again",
    ClockIsRead: "reading is pure",
    TimeWithoutZone: "times are in utc",
    TimeOverflows: "a wrong type anywhere loses nothing",
    TypedAddressCalledProven: "senders are who the provider says",
    UnknownAccountGoesToTheFirst: "an unknown account is kept",
    BrandOutOfTheRequest: "brands are announced",
    KindNobodyDeclared: "what it can do is declared",
    ValueInTheReason: "nothing of a customer is told",
    BodyInTheLog: "nothing of a customer is told",
    SecretInTheReason: "nothing of a customer is told",
    UnknownSettingsPass: "an unknown setting is refused",
    SecretIsPlainText: "settings show no secret",
    ClosedWindowIsTried: "a closed window asks nobody",
    EmptyTextIsSent: "an empty message asks nobody",
    LostAnswerIsRetried: "a lost answer is unknown",
    RefusalIsASuccess: "every status has a code",
    WaitIsForgotten: "a busy provider is given its time",
    LongTextIsCutOff: "a long text leaves whole",
    HalfAMessageIsRepeated: "half a message is not repeated",
    ButtonsAreLeftOut: "buttons leave with their ids",
    ProvidersWordsInTheError: "no secret is told",
    TokenInTheError: "no secret is told",
}
