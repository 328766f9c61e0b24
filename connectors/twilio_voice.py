"""Twilio Programmable Voice: every state of a call, voicemail and its words in; what a caller hears, in TwiML.

Source: Twilio Docs, "TwiML for Programmable Voice: Twilio's request to your application, <Say>, <Record>, <Reject>",
"Recording status callbacks", "Call resource: StatusCallback", "Answering machine detection", "WhatsApp Business Calling".
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Final, Literal
from xml.sax.saxutils import escape, quoteattr

from pydantic import Field, StringConstraints

from connectors import calls
from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, ChannelEvent, Fetched, Http, Parsed, Request
from connectors.errors import MediaUnavailable
from connectors.kit.content import present
from connectors.kit.elements import Found
from connectors.kit.place import UnknownAccount
from connectors.kit.settings import Account
from connectors.kit.urlencoded import fields
from connectors.reading import Part
from connectors.twilio import requests
from connectors.twilio.kinds import places
from connectors.twilio.lines import Line, brand_of, direction, line_of, parent_of
from connectors.twilio.people import caller
from connectors.twilio.settings import OurAddress, TwilioAccount
from normalizer.inbound import FieldValue, Handle, InboundAttachment, Sender

CLIENT: Final = "twilio_client"
_CLIENT_PREFIX: Final = "client:"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_ABSENT: Final = frozenset({"absent", "failed"})
"""States of a recording that has no file."""
_TYPES: Final = {"mp3": "audio/mpeg", "wav": "audio/x-wav"}
_NO_INSTRUCTIONS: Final = ("CallbackSource", "RecordingSid", "TranscriptionSid")
"""Fields of requests that only tell something. Answered like a new call, the one after a voicemail would begin another."""
_OF_A_CALL: Final = ("CallStatus", "RecordingSid", "TranscriptionSid")
"""Fields of which one stands in whatever is a contact."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$")]


class TwilioVoiceSettings(TwilioAccount):
    """Calls. With neither `say` nor `record` a caller is turned away, and the call is a contact all the same."""

    type: Literal["twilio_voice"]
    accounts: dict[OurAddress, Account] = Field(
        min_length=1, description="+15005550006, sip:… or whatsapp:+…, each with what it stands for."
    )
    say: Words | None = Field(default=None, description="What a caller hears.")
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        default="en-US", description="In which `say` is spoken."
    )
    record: bool = Field(default=False, description="Whether a caller may leave a message. The law may want `say` to tell so.")
    transcribe: bool = Field(default=True, description="Whether Twilio writes down what was left, up to two minutes of it.")
    longest: int = Field(default=120, ge=2, le=14_400, description="Seconds of a message.")
    recordings: Literal["mp3", "wav"] = "mp3"


class TwilioVoice(BaseConnector[TwilioVoiceSettings]):
    """One account at Twilio with its telephone numbers."""

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    @property
    def methods(self) -> frozenset[str]:
        return requests.BOTH if self.settings.get_deliveries else requests.POSTED

    def verify(self, request: Request) -> None:
        requests.verify(request, self.settings)

    def parse(self, request: Request) -> Parsed:
        return requests.read(request, self._read)

    def _read(self, form: Part, raw: bytes, content_type: str) -> Found:
        if form.ident("AccountSid") != self.settings.account_sid:
            raise UnknownAccount
        call = form.ident("CallSid")
        if form.hint("AnsweredBy") is not None and not any(form.hint(name) for name in _OF_A_CALL):
            return self._event(form, "answered_by", f"{call}:answered_by", raw)
        try:
            line = line_of(form, self.settings)
        except UnknownAccount:
            if parent_of(form) is None:
                raise
            return self._event(form, "dial_leg", _key(form, call), raw)
        recording, file = _recording(form, self.settings.recordings)
        content = calls.content(
            direction=line.direction,
            state=form.optional_ident("CallStatus"),
            duration=calls.seconds(form.hint("CallDuration") or form.hint("RecordingDuration")),
            recording=recording,
            files=file,
            text=form.optional_text("TranscriptionText"),
            fields=_circumstances(form, line.theirs),
        )
        return line.place.contact(
            content,
            key=_key(form, call),
            external_id=call,
            sender=self._sender(form, line, call),
            raw=raw,
            content_type=content_type,
            sent_at=_time(form.hint("Timestamp")),
            reply=calls.NO_REPLY,
        )

    def _event(self, form: Part, word: str, key: str, raw: bytes) -> ChannelEvent:
        """What is no contact: who took a call of ours, the leg of a call that is a contact already."""
        brand, at = brand_of(self.settings), _time(form.hint("Timestamp"))
        return ChannelEvent(event_key=key, type=word, account=self.settings.account_id(None), raw=raw, brand=brand, at=at)

    def _sender(self, form: Part, line: Line, call: str) -> Sender:
        """A user of our own app, whose token we signed, or of WhatsApp; else whoever the caller id speaks of."""
        given, name = form.optional_ident(line.theirs), form.hint("CallerName")
        if given is not None and given.startswith(_CLIENT_PREFIX):
            return Sender(handle=Handle(CLIENT, f"{self.settings.account_sid}:{given}", "verified"), name=name)
        known = None if given is None else caller(given, line.ours)
        if known is not None:
            return Sender(handle=known, name=name)
        return calls.caller(given, call=call, name=name, phone=_phone)

    def acknowledge(self, request: Request) -> Answer | None:
        """What is to be done with a new call; whatever else is told ends the call, if there still is one."""
        try:
            form = Part(fields(requests.form_of(request)))
        except ValueError:
            return requests.twiml()
        new = form.hint("CallStatus") == "ringing" and direction(form) == "inbound"
        if not new or any(form.hint(name) for name in _NO_INSTRUCTIONS):
            return requests.twiml()
        address = request.url.partition("?")[0] if request.method == requests.GET else request.url
        return requests.twiml(_instructions(self.settings, address))

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A recording, which may be announced a moment before it can be had. Raises `MediaUnavailable`."""
        try:
            return await requests.fetch(f"{reference}.{self.settings.recordings}", self.settings, http)
        except MediaUnavailable as error:
            raise MediaUnavailable(error.reason, retryable=error.retryable or error.reason == "gone") from error


def _instructions(settings: TwilioVoiceSettings, address: str) -> str:
    verbs = ""
    if settings.say is not None:
        verbs += f"<Say language={quoteattr(settings.language)}>{escape(settings.say)}</Say>"
    if settings.record:
        written = f' transcribe="true" transcribeCallback={quoteattr(address)}' if settings.transcribe else ""
        verbs += f'<Record action={quoteattr(address)} maxLength="{settings.longest}" finishOnKey="#"{written}/>'
    return requests.NOTHING.replace("<Response/>", f"<Response>{verbs or '<Reject/>'}</Response>")


def _key(form: Part, call: str) -> str:
    """A call has many states, a recording has some, a transcription has one. Raises `Misshapen`."""
    transcription = form.optional_ident("TranscriptionSid")
    recording, recorded = form.optional_ident("RecordingSid"), form.optional_ident("RecordingStatus")
    if transcription is not None:
        return transcription
    if recording is not None and recorded is not None:
        return f"{recording}:{recorded}"
    state = f"{call}:{form.ident('CallStatus')}"
    return state if recording is None else f"{state}:{recording}"


def _recording(form: Part, ending: str) -> tuple[str | None, tuple[InboundAttachment, ...]]:
    """Where the recording lies, and the file to fetch. What was said in words had its file before."""
    sid, url = form.optional_ident("RecordingSid"), form.optional_ident("RecordingUrl")
    if url is None or form.hint("RecordingStatus") in _ABSENT:
        return None, ()
    if form.hint("TranscriptionSid") is not None or form.hint("RecordingStatus") == "in-progress":
        return url, ()
    return url, (InboundAttachment(reference=url, filename=f"{sid or 'recording'}.{ending}", content_type=_TYPES[ending]),)


def _circumstances(form: Part, theirs: str) -> dict[str, FieldValue]:
    """What stands around a call. `twilio_caller_id` as it came, since no number may be in it."""
    return present(
        twilio_caller_id=form.hint(theirs),
        twilio_forwarded_from=form.hint("ForwardedFrom"),
        twilio_parent_call=form.hint("ParentCallSid"),
        twilio_caller_attested=form.hint("StirVerstat"),
        twilio_answered_by=form.hint("AnsweredBy"),
        twilio_recording=form.hint("RecordingStatus"),
        twilio_transcription=form.hint("TranscriptionStatus"),
        **places(form),
    )


def _phone(value: str) -> str | None:
    return value if _PHONE.fullmatch(value) else None


def _time(value: str | None) -> datetime | None:
    """RFC 2822; without a zone it is UTC."""
    try:
        return calls.instant(parsedate_to_datetime(value or ""))
    except (ValueError, OverflowError):  # a year of forty digits
        return None


CHANNEL = Channel(
    name="twilio_voice",
    settings=TwilioVoiceSettings,
    connector=TwilioVoice,
    abilities=Abilities(kinds=frozenset({"call"}), proof=frozenset({"claimed", "verified"}), media=True),
)
