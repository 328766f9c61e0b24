"""What an operator writes for a telephone exchange: how it proves itself, and which words it has for a call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings
from connectors.calls import HIDDEN, Direction
from connectors.form_settings import Region
from connectors.kit.settings import Name, Secrets, SetSecret, several

T = TypeVar("T")
Fact = Literal["call_id", "from", "to", "direction", "state", "duration", "recording", "agent", "started_at", "name", "text"]
"""What can be said of a call. `name` is the caller's, `text` what was said."""
FieldPath = Annotated[str, StringConstraints(pattern=r"^[^\s.]+(\.[^\s.]+)*$")]
Way = Literal["inbound", "outbound", "internal"]
"""Internal calls are between colleagues."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=60)]

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("ringing", "ring", "start", "started", "new"), "ringing"),
        **dict.fromkeys(("in-progress", "answered", "answer", "up", "connected", "talking"), "in-progress"),
        **dict.fromkeys(("completed", "hangup", "hung up", "ended", "end"), "completed"),
        **dict.fromkeys(
            ("no-answer", "noanswer", "no answer", "missed", "notanswered", "unanswered", "abandoned"), "no-answer"
        ),
        **dict.fromkeys(("busy",), "busy"),
        **dict.fromkeys(("failed", "congestion", "chanunavail"), "failed"),
        **dict.fromkeys(("canceled", "cancelled", "cancel"), "canceled"),
        **dict.fromkeys(("voicemail",), "voicemail"),
    }
)
"""Words of Asterisk (DIALSTATUS, CDR disposition, channel states), FreePBX and 3CX for what others call so."""
_DIRECTIONS: Final[tuple[tuple[Way, tuple[str, ...]], ...]] = (
    ("inbound", ("inbound", "in", "incoming")),
    ("outbound", ("outbound", "out", "outgoing")),
    ("internal", ("internal", "local")),
)
DIRECTIONS: Final[Mapping[str, Way]] = MappingProxyType({word: way for way, words in _DIRECTIONS for word in words})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # a zone that is not found is a KeyError
        raise ValueError("write a zone of the IANA data base, such as Europe/Rome") from error
    return name


def _lower(words: dict[str, T]) -> dict[str, T]:
    return {word.lower(): meaning for word, meaning in words.items()}


class PbxSettings(ConnectorSettings):
    """One exchange, whose calls belong to one brand."""

    type: Literal["pbx"]
    brand: Name
    channel: Name = "phone"
    account: str | None = Field(default=None, min_length=1, max_length=120, description="Stands as `account` in envelopes.")
    secret: Secrets = Field(description="Bearer token, or the password of `user`; a list of two while it is being changed.")
    user: str = Field(
        default="regia", pattern=r"^[^:\s]+$", description="The name that goes with the secret in basic authentication."
    )
    fields: dict[Fact, FieldPath] = Field(
        default={}, description="What the exchange calls a fact, where it is another word; `a.b` stands for `b` inside `a`."
    )
    states: dict[Word, Word] = Field(default={}, description="Its words for states to ours, besides the known ones.")
    directions: dict[Word, Way] = Field(default={}, description="As `states`.")
    direction: Direction | None = Field(default=None, description="Of every call whose event does not tell it.")
    hidden: tuple[str, ...] = Field(default=(), description="More words that stand in place of a hidden number.")
    region: Region = Field(default="IT", description="Country of numbers without a prefix (ISO 3166).")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(default="UTC", description="Of times without one.")
    recording_hosts: tuple[str, ...] = Field(default=(), description="Where recordings may be loaded from.")
    recording_user: str | None = Field(default=None, description="For recordings behind a password.")
    recording_password: SetSecret | None = None

    @model_validator(mode="after")
    def _password_has_its_user(self) -> "PbxSettings":
        if (self.recording_user is None) != (self.recording_password is None):
            raise ValueError("recording_user and recording_password go together")
        return self

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Any of them proves the exchange."""
        return several(self.secret)

    def path(self, fact: Fact) -> str:
        """What the exchange calls it."""
        return self.fields.get(fact, fact)

    def state(self, word: str) -> str:
        """Our word for a state; one that nobody knows stands as it is."""
        return {**STATES, **_lower(self.states)}.get(word.lower(), word)

    def way(self, word: str) -> Way | None:
        """None for a word that nobody knows."""
        return {**DIRECTIONS, **_lower(self.directions)}.get(word.lower())

    @property
    def hidden_words(self) -> frozenset[str]:
        """In place of a number, lower-cased."""
        return HIDDEN | {word.lower() for word in self.hidden}


FACTS: Final[tuple[Fact, ...]] = get_args(Fact)
DECORATION: Final[frozenset[Fact]] = frozenset({"duration", "agent", "started_at", "name"})
"""A call is a call without them, whatever stands in their place."""
