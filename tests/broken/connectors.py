"""One mistake each, of those that people make. `CAUGHT_BY` says which check must find it."""

import hmac
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from msgspec import structs
from pydantic import ConfigDict

from connectors.base import Answer, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.errors import Rejected, SendCode, SendFailed
from connectors.kit import outbound
from connectors.kit.content import Content
from connectors.kit.elements import Element, Found
from connectors.kit.place import Place, recipient
from connectors.kit.settings import several
from connectors.kit.signatures import check_hmac, digest, required, wrong
from connectors.reading import Misshapen, Part
from normalizer.inbound import Handle, Sender
from tests.broken.good import HEADER, LIMITS, STALE, Parrot, ParrotSettings, without_buttons


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
    def key(self, account: str, event: Part) -> str:
        return self.received_at.isoformat() + account + event.ident("id")


class KeyIsTheVisitor(Parrot):
    def key(self, account: str, event: Part) -> str:
        return f"{account}:{event.hints('visitor').hint('id') or 'read'}"


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
        return await super().post(without_buttons(message), part, http)


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


class ButtonsUnderEveryPart(Parrot):
    async def leave(self, message: Outgoing, http: Http) -> Sent:
        async def post_part(part: str) -> str | None:
            return await self.post(message, part, http)

        return await outbound.one_by_one(outbound.split(message.text, LIMITS), post_part)


class GatewayTimeoutIsTriedAgain(Parrot):
    def code(self, status: int) -> SendCode:
        return "retryable" if status in (408, 504) else super().code(status)


class ServerErrorIsTheOperators(Parrot):
    def code(self, status: int) -> SendCode:
        return "auth" if status >= outbound.FIRST_ERROR and status not in (408, 429, 504) else super().code(status)


class WritesToTheSamePersonAlways(Parrot):
    def to(self, message: Outgoing) -> str:
        super().to(message)
        return "visitor-1"


class AccountStaysInTheRecipient(Parrot):
    def to(self, message: Outgoing) -> str:
        super().to(message)
        return message.to.value


class IdIsCutAtItsColon(Parrot):
    def to(self, message: Outgoing) -> str:
        return super().to(message).rpartition(":")[2]


class PeopleOfOtherAccountsAreWrittenTo(Parrot):
    def to(self, message: Outgoing) -> str:
        if message.to.kind != "parrot_visitor":
            raise SendFailed("invalid_recipient", "Parrot writes to visitors only")
        return message.to.value.partition(":")[2]


class AlwaysFromTheFirstAccount(Parrot):
    def account(self, message: Outgoing) -> str:
        super().account(message)
        return next(iter(self.settings.accounts))

    def to(self, message: Outgoing) -> str:
        return recipient(message.to, ("parrot_visitor",), self.settings.sending_account(message.account))


class AnyTokenGetsTheChallenge(Parrot):
    def handshake(self, request: Request) -> Answer | None:
        if request.method == "GET" and not request.query.get("token"):
            raise Rejected("handshake_refused", "token is missing")
        return Answer(body=request.query.get("challenge", "").encode()) if request.method == "GET" else None


class BeginningOfTheTokenGetsTheChallenge(Parrot):
    def handshake(self, request: Request) -> Answer | None:
        given = request.query.get("token", "")
        if request.method == "GET" and given and self.settings.verify_token.get_secret_value().startswith(given):
            return Answer(body=request.query.get("challenge", "").encode())
        return super().handshake(request)


class PostedChallengeIsAnswered(Parrot):
    def handshake(self, request: Request) -> Answer | None:
        if request.method == "POST" and request.content_type == "application/json":
            try:
                given = json.loads(request.body)
            except ValueError:
                return None
            challenge = given.get("challenge") if isinstance(given, dict) else None
            return Answer(body=str(challenge).encode()) if challenge else None
        return super().handshake(request)


class GetNeedsNoSignature(Parrot):
    @property
    def methods(self) -> frozenset[str]:
        return frozenset({"GET", "POST"})

    def verify(self, request: Request) -> None:
        if request.method != "GET":
            super().verify(request)


class NeighboursNeedNoSignature(Parrot):
    def verify(self, request: Request) -> None:
        if not request.headers.get("x-forwarded-for", "").startswith("127."):
            super().verify(request)


class AnyAddressIsLoaded(Parrot):
    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await http.download(reference, hosts=(outbound.host_of(reference),))


class TokenGoesToAnyAddress(Parrot):
    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        response = await http.request("GET", reference, headers=outbound.bearer(self.settings.token))
        return Fetched(content=response.body)


class HostIsLookedForAnywhere(Parrot):
    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        if "files.parrot.example" in reference:
            return await http.download(reference, hosts=("files.parrot.example", outbound.host_of(reference)))
        return await super().fetch(reference, account, http)


class EditHasTheKeyOfItsMessage(Parrot):
    def key(self, account: str, event: Part) -> str:
        return f"{account}:{event.optional_ident('edits') or event.ident('id')}"


class ReceiptsHaveOneKey(Parrot):
    def receipt(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        return place.status(event.ident("type"), key=f"{account}:receipt", external_id=event.ident("message"), raw=raw)


class StatesHaveOneKey(Parrot):
    def receipt(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        about = event.ident("message")
        return place.status(event.ident("type"), key=f"{account}:{about}", external_id=about, raw=raw)


class KeyWithoutTheAccount(Parrot):
    def key(self, account: str, event: Part) -> str:
        return event.ident("id")


class HandleWithoutTheAccount(Parrot):
    def sender(self, place: Place, account: str, visitor: Part) -> Sender:
        return Sender(handle=place.handle("parrot_visitor", visitor.ident("id")))


class EchoIsAContact(Parrot):
    def echo(self, place: Place, account: str, event: Part, raw: bytes) -> Found:
        sender = Sender(handle=place.handle("parrot_visitor", account, account))
        return place.contact(
            Content(kind="text", text=event.hint("text")), key=self.key(account, event), sender=sender, raw=raw
        )


class SignedBodyIsRefused(Parrot):
    def parse(self, request: Request) -> Parsed:
        try:
            json.loads(request.body)
        except ValueError as error:
            raise Rejected("malformed", "the body must be JSON") from error
        return super().parse(request)


class LongTextIsCutOnArrival(Parrot):
    def content(self, content: Part) -> Content:
        found = super().content(content)
        return structs.replace(found, text=found.text[:1000]) if found.text else found


class TextIsTidiedUp(Parrot):
    def content(self, content: Part) -> Content:
        found = super().content(content)
        return structs.replace(found, text=" ".join(found.text.split())) if found.text else found


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
    ButtonsUnderEveryPart: "buttons leave once",
    GatewayTimeoutIsTriedAgain: "each status means what it says",
    ServerErrorIsTheOperators: "each status means what it says",
    WritesToTheSamePersonAlways: "the recipient is the one that is named",
    AccountStaysInTheRecipient: "the recipient is the one that is named",
    IdIsCutAtItsColon: "an id with a colon is the whole id",
    PeopleOfOtherAccountsAreWrittenTo: "a person of another account is not written to",
    AlwaysFromTheFirstAccount: "each account writes as itself",
    AnyTokenGetsTheChallenge: "a wrong token gets no challenge answered",
    BeginningOfTheTokenGetsTheChallenge: "a wrong token gets no challenge answered",
    PostedChallengeIsAnswered: "a wrong token gets no challenge answered",
    GetNeedsNoSignature: "every method needs its signature",
    NeighboursNeedNoSignature: "what a proxy says proves nothing",
    AnyAddressIsLoaded: "a foreign address is not asked",
    TokenGoesToAnyAddress: "a foreign address is not asked",
    HostIsLookedForAnywhere: "a foreign address is not asked",
    ReceiptsHaveOneKey: "samples share no key",
    EditHasTheKeyOfItsMessage: "what is about a message has a key of its own",
    StatesHaveOneKey: "states of a message have keys of their own",
    KeyWithoutTheAccount: "accounts are kept apart",
    HandleWithoutTheAccount: "accounts are kept apart",
    EchoIsAContact: "our own words are no contact",
    SignedBodyIsRefused: "what is signed is never refused",
    LongTextIsCutOnArrival: "the words of a customer arrive whole",
    TextIsTidiedUp: "the words of a customer arrive whole",
}
