"""Who was erased is written down, and erased again where a backup brings them back."""

from pathlib import Path

from storage.schema import customers
from tests.cli.test_customer import Run, migrated_sqlite, run, table, wrote
from tests.contacts import phone

__all__ = ["migrated_sqlite", "run"]


def test_who_was_erased_is_erased_again(run: Run) -> None:
    anna = wrote("m1", phone())
    bruno = wrote("m2", phone("+393331234568"))
    backup = Path("data/regia.sqlite").read_bytes()
    assert run("erase", anna.customer.id, "--yes").exit_code == 0
    listed = run("erased", "--since", "2026-01-01")
    assert (listed.exit_code, listed.stdout.split()) == (0, [anna.customer.id])
    assert run("erased", "--since", "2999-01-01").stdout == ""
    Path("data/regia.sqlite").write_bytes(backup)
    for left in Path("data").glob("regia.sqlite-*"):
        left.unlink()
    assert len(table(customers)) == 2
    Path("erased.txt").write_text(f"{anna.customer.id}\ncus_of_later\n\n{anna.customer.id}\n")
    again = run("erase-again", "erased.txt")
    assert (again.exit_code, again.stdout) == (0, "1 customers erased again, 1 were not there\n")
    assert [row["id"] for row in table(customers)] == [bruno.customer.id]
    assert run("erase-again", "erased.txt").stdout == "0 customers erased again, 2 were not there\n"


def test_who_stands_below_another_is_told(run: Run) -> None:
    anna, other = (wrote(name, phone(f"+39333123456{name[1]}")).customer.id for name in ("m1", "m2"))
    assert run("merge", anna, other).exit_code == 0
    below = next(row["id"] for row in table(customers) if row["merged_into"])
    Path("erased.txt").write_text(below)
    told = run("erase-again", "erased.txt")
    assert told.exit_code == 1
    assert f"{below}: not erased, merged" in told.stdout
    top = anna if below == other else other
    Path("erased.txt").write_text(f"{below}\n{top}\n")
    assert run("erase-again", "erased.txt").exit_code == 0
    assert table(customers) == []
