"""Lists with addresses that nobody confirmed: what they link, what is rejected, and how an import goes on."""

import csv
from pathlib import Path

import pytest

from regia.lists import importing
from regia.lists.importing import BegunOtherwise, Import, Tally
from regia.lists.sheet import records
from storage import schema
from storage.database import Database
from tests.contacts import email, message
from tests.identity.batches import identify, rows
from tests.lists.test_importing import wanted

LINES = [
    "crm_id,phone,email,name",
    "C-1,+393330000001,a1@esempio.it,Anna",
    "C-2,,a2@esempio.it,Bea",
    ",+393330000003,a1@esempio.it,Carla",
    ",,a4@esempio.it,Dora",
    ",,info@esempio.it,Eva",
    ",+393330000006,a1@esempio.it,Flora",
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "crm.csv"
    path.write_text("\n".join(LINES) + "\n")
    return path


async def whole(database: Database, path: Path, *claimed: str, again: bool = False) -> Import:
    one = await Import.begin(database, wanted(path, *claimed), again=again)
    one.look_ahead()
    await one.run(lambda _: None)
    return one


async def stopped(database: Database, path: Path, *claimed: str) -> None:
    """After its first batch."""
    one = await Import.begin(database, wanted(path, *claimed))
    one.look_ahead()
    await one._take(list(records(one.wanted.sheet))[:2])


async def linked(database: Database) -> set[str]:
    return {row["value"] for row in await rows(database, schema.handles)}


async def test_they_link_nobody(database: Database, path: Path) -> None:
    done = await whole(database, path, "email")
    assert done.tally == Tally(new=4, rejected=2)
    assert await linked(database) == {"C-1", "C-2", "+393330000001", "+393330000003", "+393330000006"}
    assert await rows(database, schema.suggestions) == []
    with done.rejects.path.open(encoding="utf-8-sig", newline="") as file:
        told = {row["reject_line"]: row["reject_reason"] for row in csv.DictReader(file)}
    assert told == {
        "5": "nobody confirmed its address (--claimed), so it does not tell whose the row is: it needs a crm_id too",
        "6": "its address is known to be of many people",
    }


async def test_they_suggest_who_has_them(database: Database, path: Path) -> None:
    """By a proof or by a claim, once for each row; and the same again when it is imported again."""
    owner, claims = await identify(
        database, message("m1", email("a1@esempio.it", verified=True)), message("m2", email("a1@esempio.it"), channel="form")
    )
    known = len(await rows(database, schema.suggestions))
    done = await whole(database, path, "email")
    assert done.tally == Tally(new=4, rejected=2, suggested=3)
    found = (await rows(database, schema.suggestions))[known:]
    pairs = [({row["customer_id"], row["owner_id"]}, row["reason"]) for row in found]
    for other in (owner, claims):
        assert sum(other.customer.id in pair and reason == "same_claim" for pair, reason in pairs) == 3
    again = await whole(database, path, "email")
    assert again.tally == Tally(same=4, rejected=2, suggested=3)
    assert len(await rows(database, schema.suggestions)) == known + len(pairs)


async def test_they_take_nothing_from_who_is_listed_with_them_too(database: Database, path: Path) -> None:
    """Without CRM ids the last row of an address says what is true of it, but not of one that is only claimed."""
    await whole(database, path, "email")
    assert {row["name"] for row in await rows(database, schema.customers)} == {"Anna", "Bea", "Carla", "Flora"}


async def test_all_of_a_list_may_be_claimed_but_crm_ids(database: Database, path: Path) -> None:
    done = await whole(database, path, "email", "phone")
    assert done.tally == Tally(new=2, rejected=4)
    assert await linked(database) == {"C-1", "C-2"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (("email",), (), "begun with --claimed email: start it with --claimed email to go on, or with --again"),
        (("email", "phone"), ("email",), "begun with --claimed email --claimed phone: start it with"),
        ((), ("email",), "begun without --claimed: start it without --claimed to go on, or with --again to begin anew"),
    ],
)
async def test_what_was_stopped_goes_on_as_it_was_begun(
    database: Database, path: Path, before: tuple[str, ...], after: tuple[str, ...], said: str
) -> None:
    await stopped(database, path, *before)
    with pytest.raises(BegunOtherwise, match=said):
        await whole(database, path, *after)
    done = await whole(database, path, *before)
    assert done.tally.rows == 6
    assert await rows(database, schema.cursors) == []


async def test_begun_anew_it_may_be_otherwise(database: Database, path: Path) -> None:
    await stopped(database, path)
    done = await whole(database, path, "email", again=True)
    assert done.tally == Tally(new=2, changed=1, same=1, rejected=2, suggested=2)
    assert "a2@esempio.it" in await linked(database)  # as the import that was stopped had it
