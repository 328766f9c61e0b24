"""Many customers are made of one as if each had written, and the costs among them are told beside each other."""

from collections import Counter
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, select

from bench import customers_main
from bench.__main__ import main
from bench.customers import Cost, Spent
from bench.customers_contacts import DRAWS, SPACE, Contacts, Draw, name_of
from bench.customers_fill import Filled, fill
from bench.customers_main import held, report
from bench.report import PAGE, measured, write
from bench.resolving import Resolver
from identity import naming, said
from identity.policy import Policy
from normalizer.message import Message
from scripts.check_figures import check
from storage import schema
from storage.database import Database
from tests.bench.tables import amount, rows

CUSTOMERS = 300


def counts(connection: Connection) -> dict[str, int]:
    tables = (schema.customers, schema.handles, schema.conversations, schema.messages, schema.event_ids)
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def of(connection: Connection, table: Table, column: str, value: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).where(table.c[column] == value)).mappings()]


async def test_the_customers_are_as_if_each_had_written(filled_url: str) -> None:
    contacts = Contacts("test")
    sizes = await fill(filled_url, CUSTOMERS, contacts)
    assert 500 < sizes.customer < 20_000
    assert 100 < sizes.message < 5_000
    database = Database(filled_url)
    before = await database.read(counts)
    assert before["customers"] == before["conversations"] - 3 == before["handles"] / 2 == CUSTOMERS + 1
    batch = contacts.batch(range(1, CUSTOMERS + 1))
    found = await database.write(lambda connection: Resolver(Policy()).resolve(connection, batch))
    after = await database.read(counts)
    assert {one.match for one in found} == {"verified"}
    assert len({one.customer.id for one in found}) == CUSTOMERS
    assert [one.customer.name for one in found] == [name_of(number) for number in range(1, CUSTOMERS + 1)]
    assert {(one.sequence, len(one.history)) for one in found} == {(5, 4)}
    assert (after["customers"], after["handles"]) == (before["customers"], before["handles"])
    assert after["messages"] == before["messages"] + CUSTOMERS
    await database.close()


async def test_what_is_kept_of_a_customer_names_itself(filled_url: str) -> None:
    await fill(filled_url, CUSTOMERS, Contacts("test"))
    database = Database(filled_url)
    (customer,) = await database.read(lambda connection: of(connection, schema.customers, "name", name_of(7)))
    links = await database.read(lambda connection: of(connection, schema.handles, "customer_id", customer["id"]))
    assert {link["kind"]: link["value"][-10:] for link in links} == {"phone": "0000000007", "whatsapp_user": "0000000007"}
    assert all(link["key"].endswith(link["value"]) and link["home_id"] == customer["id"] for link in links)
    (conversation,) = await database.read(
        lambda connection: of(connection, schema.conversations, "customer_id", customer["id"])
    )
    assert conversation["id"] == customer["conversation_id"]
    assert conversation["id"] in customer["history"]
    assert name_of(7) in customer["facts"]
    (mention,) = said.name(SPACE, naming.full(name_of(7)))
    (row,) = await database.read(lambda connection: of(connection, schema.mentions, "key", mention.key))
    assert row["handle_id"] in {link["id"] for link in links}
    await database.close()


def test_skewed_customers_have_a_head_and_a_tail() -> None:
    uniform, skewed = (Counter(map(_customer, chain(*drawn(draw, count=40)))) for draw in DRAWS)
    assert max(uniform.values()) < 60
    assert 300 < max(skewed.values()) < 1_200
    assert min(map(min, (uniform, skewed))) >= 1
    assert max(map(max, (uniform, skewed))) <= 1_000
    assert len(uniform) == 1_000
    assert 600 < len(skewed) <= 1_000


def test_whoever_writes_talks_for_a_while() -> None:
    batches = drawn("skewed", count=8)
    assert [len(batch) for batch in batches] == [500] * 8
    first, *_, last = batches[:4]
    assert last[-1].received_at - first[0].received_at < timedelta(hours=1)
    assert batches[4][0].received_at - last[-1].received_at > timedelta(days=3)
    talks = Counter(map(_customer, chain(*batches[:4])))
    assert 3 < 2_000 / len(talks) < 8


def drawn(draw: Draw, *, count: int) -> list[list[Message]]:
    return Contacts("test").batches(draw, 1_000, count=count, size=500)


def _customer(message: Message) -> int:
    return int(message.inbound.sender.handle.value[-10:])


def cost(customers: int, draw: Any, rounds: tuple[float, ...], fewest: tuple[float, ...]) -> Cost:
    """Times by the clock; of processors half as much, and among the fewest a quarter."""
    return Cost(
        database="SQLite",
        customers=customers,
        draw=draw,
        rounds=tuple(Spent(wall, wall / 2) for wall in rounds),
        fewest=tuple(Spent(wall, wall / 4) for wall in fewest),
        filled=Filled(3_700.4, 720.0),
    )


def test_costs_are_medians_and_ratios_those_of_a_round() -> None:
    few = (100.0, 250.0, 200.0)
    costs = [cost(1_000, "uniform", few, few), cost(1_000_000, "uniform", (400.0, 500.0, 450.0), few)]
    first, second = (cells[1:] for cells in rows(report(costs, "Head.")))
    assert first == ["uniform", "1,000", "5,000", "200", "100 to 250", "1.00", "", "100", "2.00", "3,700", "720"]
    assert second == ["uniform", "1,000,000", "2,222", "450", "400 to 500", "2.25", "≤ 2.5", "225", "4.50", "3,700", "720"]


@pytest.mark.parametrize(("uniform", "skewed", "expected"), [(2.5, 1.5, True), (2.51, 1.5, False), (2.5, 1.51, False)])
def test_only_the_most_customers_are_held_to_what_is_asked(*, uniform: float, skewed: float, expected: bool) -> None:
    costs = [
        cost(1_000, "uniform", (1.0,), (1.0,)),
        cost(100_000, "uniform", (9.0,), (1.0,)),
        cost(1_000_000, "uniform", (uniform,), (1.0,)),
        cost(1_000_000, "skewed", (skewed,), (1.0,)),
    ]
    assert held(costs) is expected


def test_the_command_prints_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(customers_main, "BATCHES", 1)
    assert main(["customers", "--sizes", "256,1000", "--rounds", "1", "--only", "sqlite"]) in (0, 1)
    found = rows(capsys.readouterr().out)
    assert [(cells[1], cells[2]) for cells in found] == [
        ("uniform", "256"),
        ("uniform", "1,000"),
        ("skewed", "256"),
        ("skewed", "1,000"),
    ]
    assert all(amount(cells[3]) > 0 and amount(cells[4]) > 0 for cells in found)
    assert [cells[6] for cells in found if cells[2] == "256"] == ["1.00", "1.00"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["customers", "--sizes", "100,1000"], "give numbers from 256", id="too few customers"),
        pytest.param(["customers", "--sizes", "many"], "give numbers from 256", id="no number"),
        pytest.param(["customers", "--only", "oracle"], "name sqlite or postgresql", id="unknown database"),
        pytest.param(["customers", "--rounds", "0"], "at least one", id="no round"),
        pytest.param(["customers", "--rounds", "2", "--write"], "only a full run is written", id="not in full"),
        pytest.param(["people", "--messages", "10", "--people", "20"], "everybody writes", id="more people than messages"),
        pytest.param(["people", "--set", "families=1"], "families: name one of", id="unknown rate"),
        pytest.param(["people", "--set", "firm=many"], "firm: give a number", id="no rate"),
        pytest.param(["people", "--people", "100", "--write"], "only a full run is written", id="not all people"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_starts(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("name", "text"), [("people", "| precision | 1 |"), ("customers", "| cost | 1 |")])
def test_the_page_has_a_place_for_these_figures(name: str, text: str, tmp_path: Path) -> None:
    facts = {"date": "2026-11-21", "commit": "0123456789ab", "cores": "2", "python": "3.11.7"}
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    write(f"{measured(facts, 'python -m bench')}\n\n{text}\n", facts, page, name=name)
    assert text in page.read_text("utf-8")
    assert list(check(page.read_text("utf-8"), "performance.md")) == []
