"""The judge of the sequences, by planted defects: each of them must be found, and in every one of them something leaks."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import identity.conversations
import identity.merges
import identity.owners
import identity.recount
import identity.resolve
from connectors.kit.user_tokens import UserTokens
from desk import replies
from identity.contact import Contact, contact_of
from normalizer.message import Message
from storage.database import Database
from tests.attacks.runs import run

Plant = Callable[[pytest.MonkeyPatch], None]


def _claims_are_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def believing(message: Message, policy: Any) -> Contact:
        contact = contact_of(message, policy)
        own = {named.key: named for named in (*contact.own, *contact.named)}
        object.__setattr__(contact, "own", tuple(own.values()))
        return contact

    monkeypatch.setattr(identity.resolve, "contact_of", believing)


def _any_reference_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    def joined(self: Any, contact: Contact, customer: Any) -> Any:
        named = [self.known.get(contact.conversation or "")]
        named += [self.known.get(id_) for one in contact.references for _, id_ in self._threads.get(one, ())]
        return next((one for one in named if one is not None), None)

    monkeypatch.setattr(identity.conversations.Conversations, "_answered", joined)


def _numbers_are_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.owners, "gone", lambda *_: False)


def _unconfirmed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = UserTokens._addresses

    def believing(self: Any, claims: Any) -> Any:
        return addresses(self, {name: bool(value) if name.endswith("_verified") else value for name, value in claims.items()})

    monkeypatch.setattr(UserTokens, "_addresses", believing)


def _unmerge_keeps_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.merges, "_give_back", lambda *_: None)


def _unmerge_splits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.recount, "split", lambda *_: None)


def _answers_go_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    new = replies._new

    def astray(*given: Any, **named: Any) -> Any:
        return replace(new(*given, **named), handle_kind="phone", handle_value="+393330000000", handle_proof="claimed")

    monkeypatch.setattr(replies, "_new", astray)


@pytest.fixture
async def copied(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'regia.sqlite'}")
    yield database
    await database.close()


PLANTS: Final[tuple[tuple[Plant, str], ...]] = (
    (_claims_are_own, "merged by a claim"),
    (_any_reference_joins, "conversation is another's"),
    (_numbers_are_for_ever, "history is another's"),
    (_unconfirmed_counts, "something of another stands in it"),
    (_unmerge_keeps_links, "history is another's"),
    (_unmerge_splits_nothing, "is not split"),
    (_answers_go_astray, "an answer goes to another address"),
)


@pytest.mark.parametrize(("plant", "found"), PLANTS, ids=[plant.__name__.strip("_") for plant, _ in PLANTS])
async def test_a_defect_is_found(plant: Plant, found: str, copied: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    tally = await run([copied], range(30), "judge")
    assert any(found in problem for problem in tally.problems)
