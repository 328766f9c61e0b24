"""A telephone exchange that posts what becomes of its calls: Asterisk, FreePBX, 3CX and whatever else can send a form.

There is no standard for this. The exchange sends one event for each state of a call, as a form or as JSON; which field
holds what, and which words it uses, stand in the settings.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors import calls
from connectors.abilities import Abilities
from connectors.base import BaseConnector, Channel, Fetched, Http, Parsed, Request
from connectors.kit.basic_auth import basic, credentials
from connectors.kit.content import Content, present
from connectors.kit.elements import Element, Found, parsed, read_json, unreadable
from connectors.kit.place import JSON, Place, fingerprint
from connectors.kit.signatures import is_one_of, required, wrong
from connectors.kit.urlencoded import FORM, read_form
from connectors.pbx_settings import DECORATION, FACTS, Fact, PbxSettings, Way
from connectors.reading import Misshapen, Part, moment
from normalizer.inbound import InboundAttachment, Sender
from normalizer.values import Invalid, read_phone

PROOF: Final = "Authorization"
_THEIRS: Final[dict[calls.Direction, str]] = {"inbound": "from", "outbound": "to"}
_OURS: Final[dict[calls.Direction, str]] = {"inbound": "to", "outbound": "from"}


class Pbx(BaseConnector[PbxSettings]):
    """One exchange."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset({self.settings.brand})

    def verify(self, request: Request) -> None:
        """A bearer token (RFC 6750), or user and password (RFC 7617). Either proves the sender, not the body."""
        scheme, _, given = required(request, PROOF).partition(" ")
        kind = scheme.lower()
        if kind == "basic":
            user, password = credentials(given.strip()) or ("", "")
        else:
            user, password = (self.settings.user, given.strip()) if kind == "bearer" else ("", "")
        if not is_one_of(password, self.settings.secrets) or user != self.settings.user:
            raise wrong(PROOF)

    def parse(self, request: Request) -> Parsed:
        body, kind = request.body, request.headers.get("content-type", "")
        if request.content_type == FORM:
            return read_form(body, kind, lambda form: self._read(form, body, kind))
        if request.content_type == JSON:
            return read_json(body, lambda event: [Element(value=event.data, path="body", alone=event.data)], self._read_json)
        detail = f"neither {FORM} nor {JSON}"
        kind = kind or "application/octet-stream"
        return parsed([unreadable(body, detail, reason="undecodable", content_type=kind)])

    def _read_json(self, element: Element, raw: bytes) -> Found:
        return self._read(element.part, raw, JSON)

    def _read(self, body: Part, raw: bytes, content_type: str) -> Found:
        event = Part({fact: found for fact in FACTS if (found := self._fact(body, fact)) is not None}, body.path)
        call, state = event.ident("call_id"), self.settings.state(event.ident("state"))
        place = Place(brand=self.settings.brand, channel=self.settings.channel, account=self.settings.account)
        recording, text = event.optional_ident("recording"), event.optional_text("text")
        # Some exchanges tell the recording or the words later, with the state that they told before.
        key = ":".join([call, state, *([fingerprint(recording, text)] if recording or text else [])])
        at = self._time(event.hint("started_at"))
        direction = self._way(event)
        if direction == "internal":
            return place.event(f"call.{state}", key=key, raw=raw, at=at)
        return place.contact(
            self._content(event, direction, state),
            key=key,
            external_id=call,
            sender=self._sender(event, direction, call),
            raw=raw,
            content_type=content_type,
            sent_at=at,
            reply=calls.NO_REPLY,
        )

    def _sender(self, event: Part, direction: calls.Direction, call: str) -> Sender:
        """Call ids are unique within their exchange only."""
        return calls.caller(
            event.optional_ident(_THEIRS[direction]),
            call=f"{self.settings.account or self.name}:{call}",
            phone=self._phone,
            name=event.hint("name"),
            hidden=self.settings.hidden_words,
        )

    def _content(self, event: Part, direction: calls.Direction, state: str) -> Content:
        recording = event.optional_ident("recording")
        return calls.content(
            direction=direction,
            state=state,
            duration=calls.seconds(event.hint("duration")),
            recording=recording,
            files=(InboundAttachment(reference=recording),) if recording else (),
            text=event.optional_text("text"),
            fields=present(
                pbx_number=event.hint(_THEIRS[direction]), pbx_line=event.hint(_OURS[direction]), pbx_agent=event.hint("agent")
            ),
        )

    def _fact(self, body: Part, fact: Fact) -> str | None:
        """What the exchange says, as text: numbers are no more than digits here. Raises `Misshapen`."""
        path = self.settings.path(fact)
        value = body.data[path] if path in body.data else _inside(body.data, path)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            return str(value) or None
        if value is None or fact in DECORATION:
            return None
        raise Misshapen(body.at(path), "a text or a number")

    def _way(self, event: Part) -> Way:
        """Raises `Misshapen` for a word that nobody knows: a customer must not be taken for one of us."""
        word = event.optional_ident("direction") or self.settings.direction
        way = self.settings.way(word) if word else None
        if way is None:
            raise Misshapen(event.at("direction"), "inbound, outbound or internal, or a word of `directions` in the settings")
        return way

    def _phone(self, given: str) -> str | None:
        """E.164; None for extensions and whatever else is no number of the public network."""
        try:
            return read_phone(given, self.settings.region)
        except Invalid:
            return None

    def _time(self, given: str | None) -> datetime | None:
        """Seconds or milliseconds since 1970, or ISO 8601."""
        if given is None:
            return None
        stamp = moment(given.partition(".")[0])
        if stamp is not None:
            return stamp
        try:
            return calls.instant(datetime.fromisoformat(given), ZoneInfo(self.settings.time_zone))
        except ValueError:
            return None

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A recording, from the hosts of the settings. Raises `MediaUnavailable`."""
        user, password = self.settings.recording_user, self.settings.recording_password
        headers = basic(user, password) if user is not None and password is not None else None
        return await http.download(reference, headers=headers, hosts=self.settings.recording_hosts)


def _inside(data: Any, path: str) -> Any:
    """What stands at `a.b`, None where nothing does."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


CHANNEL = Channel(
    name="pbx",
    settings=PbxSettings,
    connector=Pbx,
    abilities=Abilities(kinds=frozenset({"call"}), proof=frozenset({"claimed"}), media=True),
)
