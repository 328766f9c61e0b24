"""`regia user`: people of the console from the command line."""

import re

import pytest
from typer.testing import CliRunner

from regia.cli.main import app
from storage.schema import logins, staff, staff_audit
from tests.cli.test_customer import Run, migrated_sqlite, run, table

__all__ = ["migrated_sqlite", "run"]

PASSWORD = re.compile(r"(?:[a-z2-9]{5}-){2}[a-z2-9]{5}")


def user(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["user", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_somebody_is_added_changed_and_listed(run: Run) -> None:
    told = user("add", "Marco", "--role", "admin", "--display", "Marco Neri")
    first = PASSWORD.search(told)
    assert first is not None
    (row,) = table(staff)
    assert (row["name"], row["display"], row["role"], row["must_change"]) == ("marco", "Marco Neri", "admin", True)
    assert first[0] not in str(row)
    user("add", "anna", "--role", "admin")
    assert user("role", "MARCO", "viewer") == "marco is viewer\n"
    second = PASSWORD.search(user("password", "marco"))
    assert second is not None
    assert second[0] != first[0]
    assert "disabled" in user("disable", "marco")
    assert re.search(r"^marco +viewer +disabled +\S+Z  Marco Neri$", user("list"), re.MULTILINE)
    user("enable", "marco")
    assert "logged out" in user("logout", "marco")
    acts = ["user.add", "user.add", "user.role", "user.password", "user.disable", "user.enable", "user.logout"]
    found = sorted(table(staff_audit), key=lambda one: one["position"])
    assert [one["act"] for one in found] == acts
    assert {(one["staff_id"], one["result"]) for one in found} == {(None, "done")}
    assert found[-1]["what"] == f"cli {row['id']}"
    assert table(logins) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "a b"), 1, "a log-in name has"),
        (("add", "anna"), 1, "somebody has this name already"),
        (("add", "sara", "--role", "owner"), 2, "'owner' is no role; roles: viewer, agent, admin"),
        (("role", "anna", "owner"), 2, "is no role"),
        (("role", "anna", "agent"), 1, "this is the last admin"),
        (("disable", "anna"), 1, "this is the last admin"),
        (("password", "nobody"), 1, "nobody is called 'nobody'"),
        (("logout", "nobody"), 1, "see regia user list"),
    ],
)
def test_what_is_refused_says_why(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    user("add", "anna", "--role", "admin")
    assert said in user(*arguments, code=code)
    assert len(table(staff_audit)) == 1
