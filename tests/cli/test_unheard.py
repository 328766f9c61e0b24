"""`regia unheard`, and what it finds put into a queue."""

import csv
import io
import json

from typer.testing import CliRunner, Result

from regia.cli.main import app
from tests.cli.test_customer import Run, migrated_sqlite, run, wrote
from tests.cli.test_replay import Node, node
from tests.contacts import phone
from tests.dispatcher.contract import publication

__all__ = ["migrated_sqlite", "node", "run"]


def unheard(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["unheard", *arguments])
    assert done.exit_code == 0, done.output
    return done


def test_for_people_for_programs_and_for_a_spreadsheet(run: Run) -> None:
    anna = wrote("m1", phone("+393331234501"), sender_name="=cmd|' /C calc'!A0")
    wrote("m2", phone("+393331234501"), hours=1)
    wrote("m3", phone("+393331234502"), hours=2)
    done = unheard()
    assert done.stdout.splitlines()[0].split()[:4] == ["2026-11-21T18:00:00.000Z", anna.customer.id, "2", "waiting"]
    assert "customers who wait: 2, with contacts: 3, the first since 2026-11-21T18:00:00.000Z" in done.stderr
    assert [one["waiting"] for one in json.loads(unheard("--json", "--least", "2").stdout)["unheard"]] == [2]
    table = list(csv.DictReader(io.StringIO(unheard("--csv").stdout)))
    assert [(row["waiting"], row["channels"]) for row in table] == [("2", "whatsapp 2"), ("1", "whatsapp 1")]
    assert table[0]["name"].startswith("'=")


def test_nobody(run: Run) -> None:
    assert "nobody waits" in unheard().stderr


def test_into_a_queue(node: Node) -> None:
    node.store(range(3), awaits_answer=True)
    node.store(range(3, 5))
    assert "say what to publish again" in node.run("--to", "masterpro.general", code=2).stderr
    told = node.run("--unheard", "--to", "masterpro.general")
    assert told.stdout == "3 of 3 published again: masterpro.general 3\n"
    assert node.lying("masterpro.general") == [publication(number).envelope_id for number in range(3)]
