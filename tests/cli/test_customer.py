"""`regia customer`, without a running gateway: what is seen, done and refused, for people and for programs."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from typer.testing import CliRunner, Result

from identity.people import Identified
from regia.cli.main import app
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.databases import migrated_sqlite
from tests.identity.batches import identify, rows

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  form: {type: web_form, brand: demo}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
ANNA = "anna@example.it"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    return lambda *arguments: CliRunner().invoke(app, ["customer", *arguments])


def wrote(name: str, *arguments: Any, **more: Any) -> Identified:
    async def work() -> Identified:
        database = Database("sqlite:///data/regia.sqlite")
        (found,) = await identify(database, message(name, *arguments, **more))
        await database.close()
        return found

    return asyncio.run(work())


def table(name: Any) -> list[dict[str, Any]]:
    async def work() -> list[dict[str, Any]]:
        database = Database("sqlite:///data/regia.sqlite")
        found = await rows(database, name)
        await database.close()
        return found

    return asyncio.run(work())


def lines(done: Result) -> list[str]:
    assert done.exit_code == 0, done.stderr
    return done.stdout.splitlines()


def data(done: Result) -> Any:
    (line,) = lines(done)
    return orjson.loads(line)


def test_by_address(run: Run) -> None:
    owner = wrote("m1", email(ANNA, verified=True), sender_name="Anna\x1b[31m Bianchi")
    claim = wrote("m2", email(ANNA))
    shown = lines(run("show", "email", "Anna@Example.it"))
    assert [line.split()[0] for line in shown] == ["owner", "claimed"]
    assert owner.customer.id in shown[0]
    assert "\x1b" not in shown[0]
    assert claim.customer.id in shown[1]
    found = data(run("show", "email", ANNA, "--brand", "demo", "--json"))
    assert [one["customer"]["id"] for one in found["verified"]] == [owner.customer.id]
    assert lines(run("release", owner.handle_id)) == [f"{owner.handle_id} is {owner.customer.id}'s no more"]
    assert lines(run("show", "email", ANNA))[1].startswith(f"before           {owner.customer.id} ")
    assert run("show", "email", ANNA, "--brand", "other").exit_code == 1


def test_everything_of_one(run: Run) -> None:
    top, below = wrote("m1", phone(), sender_name="Anna", language="it"), wrote("m2", user(), hours=1)
    wrote("m3", user("other"), claims=[phone()], hours=2)
    done = lines(run("merge", top.customer.id, below.customer.id))
    act = done[0].split()[0]
    assert done == [f"{act} {top.customer.id} is on top"]
    shown = lines(run("show", below.customer.id))
    assert shown[0] == f"merged into      {top.customer.id}"
    assert any(line.startswith(f"below            {below.customer.id} by {act} (command line, 20") for line in shown)
    by_name = {line[:16].strip(): line[17:] for line in shown}
    assert by_name["name"] == "Anna"
    assert by_name["messages"].startswith("2, ")
    assert "same_claim 60" in by_name["suggestion"]
    assert sum(line.startswith("link ") for line in shown) == 2
    as_json = data(run("show", top.customer.id, "--json"))
    assert (as_json["id"], as_json["merged_into"], as_json["below"][0]["act"]) == (top.customer.id, None, act)


def test_the_timeline_in_pages(run: Run) -> None:
    one = wrote("m0", phone())
    for number in range(1, 4):
        wrote(f"m{number}", phone(), hours=number)
    page = run("timeline", one.customer.id, "--limit", "3")
    assert [line.rpartition(": ")[2] for line in lines(page)] == ["Testo di m3", "Testo di m2", "Testo di m1"]
    cursor = page.stderr.split()[-1]
    assert page.stderr == f"regia: there is more: --cursor {cursor}\n"
    rest = data(run("timeline", one.customer.id, "--cursor", cursor, "--json"))
    assert [each["snippet"] for each in rest["messages"]] == ["Testo di m0"]
    some = run("timeline", one.customer.id, "--since", "2026-11-21T19:00:00", "--until", "2026-11-21T20:00:00")
    assert [line.rpartition(": ")[2] for line in lines(some)] == ["Testo di m1"]
    assert lines(run("timeline", one.customer.id, "--channel", "sms")) == []


def test_what_is_said_of_one(run: Run) -> None:
    one = wrote("m1", phone())
    given = ("--name", "Anna Bianchi", "--language", "it", "--tier", "gold", "--tag", "vip", "--tag", "b2b", "--crm-id", "C-1")
    assert lines(run("set", one.customer.id, *given)) == [f"{one.customer.id} name, language, tier, tags, crm_id changed"]
    assert lines(run("set", one.customer.id, *given)) == [f"{one.customer.id} nothing changed"]
    shown = data(run("show", one.customer.id, "--json"))
    assert [shown[name] for name in ("name", "language", "tier", "tags", "crm_id")] == [
        "Anna Bianchi", "it", "gold", ["b2b", "vip"], "C-1",
    ]  # fmt: skip
    assert {fact["source"] for fact in shown["facts"]} == {"agent"}
    back = run("set", one.customer.id, "--name", "", "--tag", "", "--crm-id", "", "--json")
    assert data(back) == {"customer": one.customer.id, "changed": ["name", "tags", "crm_id"], "crm": None}
    assert [act["actor"] for act in data(run("audit", one.customer.id, "--json"))["acts"]][:2] == ["command line"] * 2


def test_a_crm_id_that_is_another_customers(run: Run) -> None:
    one, other = wrote("m1", phone(), sender_name="Anna Bianchi"), wrote("m2", user(), sender_name="Marco Rossi")
    lines(run("set", one.customer.id, "--crm-id", "C-1"))
    told = lines(run("set", other.customer.id, "--crm-id", "C-1"))
    assert told[0] == f"{other.customer.id} nothing changed"
    assert "suggested, for names_differ" in told[1]


def test_merged_and_unmerged(run: Run) -> None:
    a, b = wrote("m1", phone()), wrote("m2", user(), hours=1)
    done = data(run("merge", a.customer.id, b.customer.id, "--top", b.customer.id, "--json"))
    assert done["customer"] == b.customer.id
    undone = data(run("unmerge", a.customer.id, "--json"))
    shown = lines(run("audit", a.customer.id))
    assert [line.split()[0] for line in shown] == [undone["act"], done["act"]]
    assert f"merged   by command line: {b.customer.id} with {a.customer.id}" in shown[1]


def test_suggestions_are_decided(run: Run) -> None:
    owner = wrote("m0", email(ANNA, verified=True))
    for number in (1, 2):
        wrote(f"m{number}", phone(f"+39000000000{number}"), claims=[email(ANNA)], hours=number)
    (first,) = lines(run("suggestions", "--limit", "1", "--reason", "same_claim", "--brand", "demo"))
    assert "same_claim 60" in first
    accepted = lines(run("suggestions", "--accept", first.split()[0]))
    assert accepted[0].endswith(f" {owner.customer.id} is on top")
    others = data(run("suggestions", "--json"))["suggestions"]
    for one in others:
        assert lines(run("suggestions", "--reject", one["id"])) == [f"{one['id']} rejected"]
    assert lines(run("suggestions")) == []
    assert len(lines(run("suggestions", "--state", "rejected"))) == len(others) > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "cus_0"), "there is no customer of this id"),
        (("show", "email", "anna"), "this is no address of that kind: Please write a complete e-mail address"),
        (("show", "phone", "333 1234567", "--region", "Italy"), "--region: two capital letters"),
        (("show", "phone", "333 1234567"), "nobody has, claims or had this address"),
        (("timeline", "cus_0"), "there is no customer of this id"),
        (("timeline", "cus_1", "--cursor", "x"), "this cursor was not given"),
        (("audit", "cus_0"), "there is no customer of this id"),
        (("merge", "cus_0", "cus_1"), "not done, unknown_customer: "),
        (("merge", "cus_1", "cus_1"), "not done, same_customer: "),
        (("unmerge", "cus_1"), "not done, not_merged: "),
        (("release", "hdl_0"), "not done, unknown_link: "),
        (("set", "cus_1"), "name what to set"),
        (("set", "cus_1", "--language", "xx", "--tag", "x" * 61), "--language must be a language"),
        (("set", "cus_0", "--tier", "gold"), "not done, unknown_customer: "),
        (("suggestions", "--accept", "sug_0"), "not done, unknown_suggestion: "),
        (("suggestions", "--reject", "sug_0"), "not done, unknown_suggestion: "),
        (("suggestions", "--accept", "sug_0", "--reject", "sug_0"), "give either --accept or --reject"),
        (("suggestions", "--reason", "x"), "--reason: one of same_claim, "),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    one = wrote("m1", user())
    done = run(*(word.replace("cus_1", one.customer.id) for word in arguments))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"regia: {said}")
    assert [act for act in table(schema.audit) if act["actor"] != "rule"] == []


def test_everything_as_one_archive(run: Run) -> None:
    one = wrote("m1", phone(), sender_name="Anna")
    assert lines(run("export", one.customer.id)) == [f"{one.customer.id}.zip"]
    with ZipFile(f"{one.customer.id}.zip") as found:
        assert b"Anna" in found.read("customer.json")
    assert [path.name for path in Path().glob("*.part")] == []
    assert "is there already" in run("export", one.customer.id).stderr
    assert lines(run("export", one.customer.id, "--to", "anna.zip")) == ["anna.zip"]
    assert "not exported, unknown_customer" in run("export", "cus_0").stderr
    assert "the archive cannot be written: No such file" in run("export", one.customer.id, "--to", "no/anna.zip").stderr


def test_erased(run: Run) -> None:
    one = wrote("m1", phone())
    refused = run("erase", one.customer.id)
    assert refused.exit_code == 1
    assert len(table(schema.customers)) == 1
    assert lines(run("erase", one.customer.id, "--yes")) == [
        f"{one.customer.id} is erased: 1 customers, 1 addresses, 1 messages, 0 files"
    ]
    assert table(schema.customers) == []
    assert data(run("erase", one.customer.id, "--yes", "--json"))["erased"]["again"] is True
    assert "not erased, unknown_customer" in run("erase", "cus_0", "--yes").stderr
