"""`regia rules diff` on an embedded database: what it prints, with which status it ends, and beside a gateway that writes."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select
from typer.testing import CliRunner, Result

from connectors.base import Parsed
from normalizer.inbound import InboundMessage
from regia.beside import open_journal
from regia.cli import backlog
from regia.cli.main import app
from regia.compose import configure
from regia.pipeline.intake import Intake
from router.load import load
from storage.rulesets import keep
from storage.schema import messages
from tests.contacts import inbound, phone

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  mail: {type: email, brand: demo, address: support@demo.example}
  form: {type: web_form, brand: shop}
"""
RULES = """\
fields: {order: text}
extract: {order: 'IT-[0-9]+'}
categories: {returns: {sla: {first_reply: 1h}}, general: {}}
default: general
rules:
  - name: returns
    when: {text: {words: refund}}
    then: {category: returns}
"""
NEW = RULES.replace("words: refund", "words: [refund, reso]") + "  - name: tagged\n    then: {tags: new}\n"
SECRET = "Mario PLANTED"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "new.yaml").write_text(NEW)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    return tmp_path


def accept(*contacts: InboundMessage) -> dict[str, str]:
    """As a gateway would, and worked off; the envelopes' ids by external id."""
    found = configure(Path("regia.yaml"), os.environ)

    async def work() -> None:
        journal = open_journal(found, "test")
        await Intake(journal).accept("mail", Parsed(messages=contacts))
        await backlog.work_off(found, journal)

    asyncio.run(work())
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.connect() as connection:
        ids = {row.external_id: row.id for row in connection.execute(select(messages))}
    engine.dispose()
    return ids


def contacts(number: int) -> list[InboundMessage]:
    texts = (f"Il reso, {SECRET}", "A refund", "Ciao IT-2231")
    return [inbound(f"m{n}", phone(f"+3933300{n:05}"), sender_name=SECRET, text=texts[n % 3]) for n in range(number)]


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", "diff", *arguments])


def test_what_it_prints(folder: Path) -> None:
    ids = accept(*contacts(4))
    done = diff("new.yaml", "--examples", "1")
    newest = max(ids["m0"], ids["m3"]), max(ids.values())
    assert done.output == (
        "category: 2 would change\n"
        "      2  general -> returns  (by default -> returns)\n"
        f"           {newest[0]} whatsapp\n"
        "targets: 2 would change\n"
        "      2  [general] -> [returns]  (by default -> returns)\n"
        f"           {newest[0]} whatsapp\n"
        "tags: 4 would change\n"
        "      4  [] -> [new]  (by nobody -> tagged)\n"
        f"           {newest[1]} whatsapp\n"
        "sla: 2 would change\n"
        "      2  nothing -> 3600 s  (by nobody -> category)\n"
        f"           {newest[0]} whatsapp\n"
        "4 messages: 0 as before, 4 would change\n"
    )
    assert done.exit_code == 0
    assert diff("new.yaml", "--fail-on-change").exit_code == 1
    same = diff("rules.yaml", "--fail-on-change")
    assert (same.output, same.exit_code) == ("4 messages: 4 as before, 0 would change\n", 0)
    assert diff("new.yaml", "--last", "3", "--examples", "0").output.endswith("3 messages: 0 as before, 3 would change\n")


def test_which_messages(folder: Path) -> None:
    accept(inbound("a"), inbound("b", brand="shop"))
    assert diff("new.yaml", "--brand", "shop").output.endswith("\n1 message: 0 as before, 1 would change\n")
    assert diff("new.yaml", "--since", "2099-01-01").output == "0 messages: 0 as before, 0 would change\n"
    wrong = diff("new.yaml", "--brand", "shp")
    assert (wrong.exit_code, wrong.output) == (1, "regia: no connector has the brand 'shp' (did you mean 'shop'?)\n")


NOTHING_ELSE = dict.fromkeys(("next_reply", "resolution", "calendar", "warn", "on_warning", "on_breach"))


def test_json(folder: Path) -> None:
    ids = accept(*contacts(3))
    done = diff("new.yaml", "--json")
    told = json.loads(done.output)
    assert SECRET not in done.output
    assert (told["messages"], told["as_before"], told["would_change"]) == (3, 0, 3)
    assert (told["not_comparable"], told["not_reproduced"]) == ({"count": 0, "reasons": []}, [])
    assert (told["live"], told["new"]) == (load([("", RULES)]).hash, load([("", NEW)]).hash)
    (sla,) = told["fields"]["sla"]["changes"]
    examples = [{"id": ids["m0"], "channel": "whatsapp"}]
    assert sla == {
        "before": None, "after": {"first_reply": 3600, **NOTHING_ELSE}, "by_before": None, "by_after": "category",
        "count": 1, "examples": examples,
    }  # fmt: skip
    assert {field: one["count"] for field, one in told["fields"].items()} == {"category": 1, "targets": 1, "tags": 3, "sla": 1}


def test_what_cannot_be_compared_or_is_wrong_is_told(folder: Path) -> None:
    ids = accept(*contacts(2))
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.begin() as connection:
        for row in connection.execute(select(messages)).all():
            envelope = json.loads(row.envelope)
            if row.external_id == "m0":
                del envelope["data"]["conversation"]["reopened"]
            else:
                envelope["data"]["text"] = "something else"
            changed = messages.update().where(messages.c.id == row.id)
            connection.execute(changed.values(envelope=json.dumps(envelope).encode()))
    engine.dispose()
    Path("asks.yaml").write_text(RULES + "  - {name: again, when: {conversation.reopened: true}, then: {tags: again}}\n")
    done = diff("asks.yaml")
    assert done.output == (
        "1 without conversation.reopened: its envelope is older than the fact, and the rules that decided did not ask for it\n"
        f"           {ids['m0']} whatsapp\n"
        "1 not decided as when received, by the same rules: what is said of them here may be wrong\n"
        f"           {ids['m1']} whatsapp\n"
        "2 messages: 1 as before, 0 would change, 1 cannot be compared\n"
    )
    told = json.loads(diff("asks.yaml", "--json").output)
    assert [one["id"] for one in told["not_reproduced"]] == [ids["m1"]]
    assert [(one["fact"], one["count"]) for one in told["not_comparable"]["reasons"]] == [("conversation.reopened", 1)]


def store_version(*texts: str) -> str:
    ruleset = load([(f"{n}.yaml", text) for n, text in enumerate(texts)])
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.begin() as connection:
        keep(connection, ruleset.hash, json.dumps(ruleset.sources))
    engine.dispose()
    return ruleset.hash


def test_a_stored_version(folder: Path) -> None:
    accept(*contacts(1))
    hash_ = store_version(NEW)
    digits = hash_.removeprefix("sha256:")
    for named in (hash_, digits, hash_[:15], digits[:8], digits[:8].upper()):
        assert diff(named).output.endswith("\n1 message: 0 as before, 1 would change\n"), named
    engine = create_engine("sqlite:///data/regia.sqlite")
    with engine.begin() as connection:
        keep(connection, f"{hash_[:15]}0", "[]")
    engine.dispose()
    other = sorted([hash_, f"{hash_[:15]}0"])
    cases = {
        hash_[:15]: f"several stored versions begin with {hash_[:15]}, {', '.join(other)}: give more digits",
        "sha256:00000000": "no stored version of the rules begins with sha256:00000000: regia rules versions lists them",
        "sha256:1234567": "a stored version is sha256: and at least 8 of its digits: regia rules versions lists them",
        "sha256:g0000000": "a stored version is sha256: and at least 8 of its digits: regia rules versions lists them",
    }
    for named, told in cases.items():
        done = diff(named)
        assert (done.exit_code, done.output) == (2, f"regia: {told}\n")
    both = diff(hash_, "new.yaml")
    assert (both.exit_code, both.output) == (2, "regia: name either rule files or one stored version\n")


def test_files_with_mistakes_and_no_data(folder: Path) -> None:
    assert "nothing is stored in" in diff("new.yaml").output
    Path("broken.yaml").write_text(RULES.replace("words", "wrds"))
    broken = diff("broken.yaml")
    assert broken.exit_code == 2
    assert "broken.yaml:7:19: rules[0].when.text.wrds" in broken.output
    assert diff("not-there.yaml").exit_code == 2


@pytest.fixture
def writing(folder: Path) -> Iterator[list[int]]:
    """Another connection that commits one message after the other, as a gateway does."""
    accept(*contacts(300))
    engine = create_engine("sqlite:///data/regia.sqlite", connect_args={"timeout": 30})
    with engine.connect() as connection:
        row: dict[str, Any] = dict(connection.execute(select(messages).limit(1)).mappings().one())
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with engine.begin() as connection:
                number = len(written)
                connection.execute(
                    insert(messages), [row | {"id": f"w{number}", "received_ms": row["received_ms"] + number + 1}]
                )
            written.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    yield written
    stop.set()
    thread.join()
    engine.dispose()


def test_beside_a_gateway_that_writes(writing: list[int]) -> None:
    before = len(writing)
    done = diff("new.yaml", "--last", "100000", "--examples", "0")
    assert done.exit_code == 0
    seen = int(done.output.splitlines()[-1].split()[0].replace(",", ""))
    assert 300 + before <= seen <= 300 + len(writing)
    assert len(writing) > before, "it was not held up"


def test_many_kinds_of_changes_are_cut(folder: Path) -> None:
    accept(*(inbound(f"m{n}", phone(f"+3933300{n:05}"), text=f"w{n}x") for n in range(25)))
    tags = (f"  - {{name: r{n}, when: {{text: {{words: w{n}x}}}}, then: {{tags: t{n}}}}}\n" for n in range(25))
    Path("many.yaml").write_text(RULES + "".join(tags))
    lines = diff("many.yaml", "--examples", "0").output.splitlines()
    assert (lines[0], len(lines)) == ("tags: 25 would change", 23)
    assert lines[-2:] == [
        "      5  in 5 other ways; --json has them all",
        "25 messages: 0 as before, 25 would change",
    ]
    assert len(json.loads(diff("many.yaml", "--json").output)["fields"]["tags"]["changes"]) == 25
