"""What one round on one channel is told: which samples it delivers, and what must become of each."""

from dataclasses import dataclass

from tests.e2e.channel_samples import Sample


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A delivery and the envelope it must become. `files` are the names under which the provider has their contents: a
    path of the file server, else an id of the provider's own."""

    sample: Sample
    kind: str = "text"
    text: str | None = None
    files: tuple[str, ...] = ()
    refers_to: str | None = None
    acknowledged: str | None = None
    """A pattern of what the provider must hear for this one, where that is not the same as ever."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something the provider tells of our answer, and the states that are on record for it then: none where
    it does not say which message it is about."""

    sample: Sample
    states: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Whom the provider must have our answer for, in its own words; and what it tells of it then."""

    to: str
    told: tuple[Told, ...] = ()
    named: bool = True
    """Whether the provider gives what it took an id."""
    by_our_id: Told | None = None
    """What it tells under the id that we gave it, `{token}`."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """`name` is also the brand, and so the queue. The `first` contact and the one with files are of one customer."""

    name: str
    connector: str
    channel: str
    handle: tuple[str, str, str]
    """Kind, value and proof of the sender's."""
    first: Contact
    files: Contact | None = None
    answered: Answered | None = None
    """None where nothing can be answered."""
    changes: tuple[Contact, ...] = ()
    """Edits and deletions, with contacts they need before them."""
