"""The facts of a stored envelope are those that the decision had: of random contacts, of every channel's samples, and of
customers who go on writing. On SQLite and on PostgreSQL."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, update

from identity.contact import contact_of
from identity.people import Conversation, Customer, Direction, Identified, Interaction, Match
from identity.policy import Policy
from identity.resolve import IdentitySession
from normalizer.inbound import Button, Handle, InboundMessage, Kind, Proof, Sender, envelope_id
from normalizer.message import Attachment, Message, normalise
from regia.pipeline.assemble import assemble
from regia.pipeline.facts import facts
from regia.pipeline.stored_facts import ADDED, facts_of_envelope
from router.load import load
from router.ruleset import Ruleset
from router.vocabulary import VOCABULARY, Facts, FactType
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone
from tests.identity.batches import stored_row
from tests.identity.replied import replied
from tests.normalizer.test_samples import CASES as MAILS
from tests.normalizer.test_samples import parse as parse_mail
from tests.pipeline.conftest import LINKS
from tests.subjects.registry import SUBJECTS

NAMES: Final = ("order", "total", "urgent", "bought", "note")
TYPES: Final[tuple[FactType, ...]] = ("text", "number", "boolean", "date")
OTHERS: Final[Mapping[str, FactType]] = {
    "order": "number",
    "total": "text",
    "urgent": "text",
    "bought": "boolean",
    "note": "date",
}
"""The same fields as rules declare them that did not decide."""


def rules(types: tuple[FactType, ...], extractors: Mapping[str, str]) -> Ruleset:
    text = {
        "fields": dict(zip(NAMES, types, strict=True)),
        "extract": dict(extractors),
        "categories": {"general": {}},
        "default": "general",
    }
    return load([("rules.yaml", json.dumps(text))])


EXTRACTING: Final = rules(
    ("text", "number", "boolean", "date", "text"),
    {"order": "[A-Z]{2}-[0-9]+", "total": "[0-9]+", "urgent": "yes|no", "bought": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "note": "."},
)


def exact(found: Facts) -> dict[str, tuple[type, Any]]:
    """Values with their types: 1 is not True, and a tuple is no set."""
    return {name: (type(value), value) for name, value in found.items()}


def compare(written: Message, identified: Identified, ruleset: Ruleset) -> None:
    """What the live decision had against what is read from its envelope, for its own fields and for those of others."""
    had = [(declared, facts(written, identified, declared)) for declared in (ruleset.fields, OTHERS)]
    decision = ruleset.route(had[0][1])
    data = orjson.loads(assemble(written, identified, decision, LINKS, ruleset.hash))["data"]
    for declared, live in had:
        assert exact(facts_of_envelope(data, declared)) == exact(live)


def test_every_name_of_the_vocabulary_is_made() -> None:
    written = message("m1")
    data = orjson.loads(assemble(written, _somebody(written), EXTRACTING.route({}), LINKS, EXTRACTING.hash))["data"]
    assert facts_of_envelope(data, {}).keys() == VOCABULARY.keys()


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
words = st.one_of(texts, st.sampled_from(["IT-2231 yes", "2026-01-02", "no 7", "", " "]))
some = st.none() | words
handles = st.builds(Handle, st.sampled_from(["phone", "email", "x_user"]), st.sampled_from(["a@B.it", "x", "@"]) | texts,
                    st.sampled_from(get_args(Proof)))  # fmt: skip
scalars = st.one_of(
    some, st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.sampled_from(["12,50", "true", "2026-01-02x"])
)
times = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(year=1960 + at.year % 130, day=min(at.day, 28)))
files = st.builds(
    Attachment, id=st.just("att_1"), state=st.sampled_from(["stored", "unavailable"]),
    content_type=st.none() | st.sampled_from(["image/png", "AUDIO/ogg", "application/pdf", "x"]) | texts,
    size=st.none() | st.integers(0, 2**40),
)  # fmt: skip
milliseconds = st.integers(-300_000_000_000, 3_700_000_000_000)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    received = draw(times)
    contact = InboundMessage(
        event_key="k", external_id="e", brand="demo", channel=draw(st.sampled_from(["email", "sms"])), account=draw(some),
        kind=draw(st.sampled_from(get_args(Kind))), sender=Sender(handle=draw(handles), name=draw(some)), order_key="o",
        raw=b"{}", raw_content_type="application/json",
        sent_at=draw(st.none() | times | st.timedeltas(-timedelta(days=9), timedelta(seconds=1)).map(lambda by: received + by)),
        subject=draw(some), text=draw(some | words.map(lambda text: text * 20_000)), text_full=draw(some),
        button=draw(st.none() | st.builds(Button, id=some, title=some)),
        fields=draw(st.dictionaries(st.sampled_from((*NAMES, "else")), scalars | st.lists(scalars, max_size=2), max_size=5)),
        automated=draw(st.none() | st.just("list")), backlog=draw(st.booleans()),
        language=draw(st.none() | st.sampled_from(["it", "en-GB"])),
    )  # fmt: skip
    made = normalise(
        envelope_id("c", "k"), "c", received, contact, attachments=draw(st.lists(files, max_size=3)), languages=("it", "en")
    )
    return msgspec.structs.replace(made, language=made.language or draw(st.none() | st.just("it")))


@st.composite
def people(draw: st.DrawFn, written: Message) -> Identified:
    at = draw(st.just(_at_ms(written)))
    near = milliseconds | st.integers(0, 9 * 24 * 3_600_000).map(lambda by: at - by) | st.sampled_from([at, at - 86_400_000])
    past = sorted(draw(st.lists(near, max_size=10)))
    ways = st.sampled_from(get_args(Direction))
    history = tuple(Interaction("m", one, "email", draw(st.sampled_from("ab")), draw(ways), "") for one in past)
    channels = draw(st.lists(st.sampled_from("abc"), unique=True))
    return Identified(
        customer=Customer("cus", "demo", "verified", 0, 0, tier=draw(some), tags=draw(st.lists(texts, max_size=3))),
        handle_id="h", match=draw(st.sampled_from(get_args(Match))), sequence=draw(st.integers(1, 9)),
        conversation=Conversation(
            "con", "demo", "cus", draw(near), at, messages=draw(st.integers(1, 99)), channels=channels,
            ticket=draw(some), reopened=draw(st.booleans()),
        ),
        earlier=draw(st.integers(0, 99)), unanswered=draw(st.integers(0, 99)), history=history,
        repeat_of=None, at_ms=at, awaits_answer=True,
    )  # fmt: skip


def _at_ms(written: Message) -> int:
    """As identity has it, of this message alone."""
    return contact_of(written, Policy()).at_ms


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_of_random_contacts(data: st.DataObject) -> None:
    written = data.draw(messages())
    compare(written, data.draw(people(written)), EXTRACTING)


def _samples() -> Iterator[InboundMessage]:
    for subject in SUBJECTS:
        connector = subject.connector()
        for sample in subject.samples.values():
            yield from connector.parse(subject.request(sample)).messages
    for path, _ in MAILS.values():
        yield from parse_mail(path.read_bytes()).messages


def stored(contact: InboundMessage, number: int, at: datetime, chance: random.Random) -> Message:
    """As the pipeline stores it: its files with a type, a size or neither."""
    given_files = [
        Attachment(id=f"att_{place}", state="stored", content_type=one.content_type, size=chance.choice((None, 7)))
        for place, one in enumerate(contact.attachments)
    ]
    identifier = envelope_id(contact.channel, str(number))
    return normalise(identifier, contact.channel, at, contact, attachments=given_files, languages=("it", "en"))


async def test_of_every_channels_samples(database: Database) -> None:
    chance = random.Random(6)  # noqa: S311 - chance, not a secret
    at = datetime(2026, 11, 21, 18, 2, 11, 532_417, tzinfo=UTC)
    found = [stored(one, number, at + timedelta(minutes=number), chance) for number, one in enumerate(_samples())]
    assert len({one.inbound.channel for one in found}) >= 15
    for start in range(0, len(found), 50):
        await database.write(lambda connection, start=start: _decided(connection, found[start : start + 50]))  # type: ignore[misc]


def _decided(connection: Connection, batch: list[Message]) -> list[Identified]:
    """What the commit does with a batch, with the comparison in the place of the tables."""
    session = IdentitySession(connection, batch, Policy())
    seen = []
    for one in batch:
        identified = session.identify(one)
        own = msgspec.structs.replace(one, language=one.language or identified.customer.language)
        compare(own, identified, EXTRACTING)
        session.record(identified, own, "general")
        seen.append(identified)
    session.save()
    rows = [stored_row(one, identified) for one, identified in zip(batch, seen, strict=True)]
    connection.execute(insert(schema.messages), [row | {"category": "general"} for row in rows])
    return seen


async def test_of_customers_who_go_on_writing(database: Database) -> None:
    """Conversations that end by time and by a ticket, an archive, many people behind one address, two who are one."""
    chance = random.Random(7)  # noqa: S311 - chance, not a secret
    reopened = learnt = many = archived = answered = 0
    for number in range(60):
        hours = number * chance.choice((1, 30, 200)) + chance.random()
        handle = chance.choice((phone(), phone("+393330000001"), email(verified=True), email()))
        more: dict[str, Any] = {
            "of_many": chance.random() < 0.1,
            "text": chance.choice((None, "ok", "Vorrei sapere quando arriva")),
        }
        if chance.random() < 0.3:
            more["reply_to"] = f"m{number - chance.randrange(1, 9)}"
        if chance.random() < 0.2:
            more |= {"backlog": True, "sent_at": datetime(2026, 11, 1 + number % 20, 1, 2, 3, 7, tzinfo=UTC)}
        if chance.random() < 0.2:
            more["aliases"] = (email(verified=True),)
        one = message(f"m{number}", handle, hours=hours, **more)
        (identified,) = await database.write(lambda connection, one=one: _decided(connection, [one]))  # type: ignore[misc]
        reopened += identified.conversation.reopened
        learnt += one.language is None and identified.customer.language is not None
        many += bool(more["of_many"])
        archived += one.inbound.backlog
        if chance.random() < 0.3:
            await replied(database, f"m{number}", f"out_{number}", hours=hours)
            answered += 1
        if chance.random() < 0.2:
            await database.write(
                lambda connection: connection.execute(update(schema.conversations).values(open=False, ticket="T-1"))
            )
    assert min(reopened, learnt, many, archived, answered) >= 3


@pytest.mark.parametrize("had", [None, "", "IT-1", 7])
def test_what_was_extracted_is_not_what_the_message_had(had: str | int | None) -> None:
    fields = {} if had is None else {"order": had}
    written = message("m1", text="IT-2231", fields=fields)
    identified = _somebody(written)
    decision = EXTRACTING.route(facts(written, identified, EXTRACTING.fields))
    data = orjson.loads(assemble(written, identified, decision, LINKS, EXTRACTING.hash))["data"]
    taken = had in (None, "")
    assert data["fields"]["order"] == ("IT-2231" if taken else had)
    assert data["routing"]["extracted"].get("order", "nothing") == (had if taken else "nothing")
    assert facts_of_envelope(data, {"order": "text"})["fields.order"] == (str(had) if had is not None else None)


def _somebody(written: Message) -> Identified:
    return Identified(
        customer=Customer("cus", "demo", "verified", 0, 0), handle_id="h", match="new", sequence=1, earlier=0, unanswered=0,
        conversation=Conversation("con", "demo", "cus", 0, 0, messages=1), history=(), repeat_of=None,
        at_ms=_at_ms(written), awaits_answer=True,
    )  # fmt: skip


def test_an_envelope_of_before_leaves_out_what_it_does_not_have() -> None:
    written = message("m1")
    decision = EXTRACTING.route({})
    data = orjson.loads(assemble(written, _somebody(written), decision, LINKS, EXTRACTING.hash))["data"]
    for group, key in ADDED.values():
        del data[group][key]
    del data["routing"]["extracted"]
    found = facts_of_envelope(data, {})
    assert found.keys() == facts(written, _somebody(written), {}).keys() - ADDED.keys()


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_does_not_have_is_missing_at_once(number: float) -> None:
    for name in NAMES:
        written = message("m1", text="", fields={name: number})
        compare(written, _somebody(written), EXTRACTING)
