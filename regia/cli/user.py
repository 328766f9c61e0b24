"""`regia user`: who may use the console."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer
from sqlalchemy import Connection

from desk.staff import passwords, people
from desk.staff.passwords import Passwords
from desk.staff.people import NewPerson, NotDone
from desk.staff.roles import ROLES, Role, role_of
from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read, write
from storage import staff, staff_audit
from storage.staff import Staff

app = typer.Typer(no_args_is_help=True, help="People who use the console.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name they log in with.")]
RoleArgument = Annotated[str, typer.Argument(metavar="ROLE", help=", ".join(ROLES))]
_WORDS = {
    "bad_name": "a log-in name has 1 to 80 letters, digits and . _ @ + -",
    "name_taken": "somebody has this name already",
    "last_admin": "this is the last admin that is not disabled: make another one first",
}


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Everybody, with role and state."""
    for person in read(standing(config).settings, staff.everybody):
        typer.echo(f"{person.name:24} {person.role:8} {_state(person):18} {from_ms(person.created_ms)}  {person.display}")


@app.command()
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option("--role", help=", ".join(ROLES))] = "agent",
    display: Annotated[str, typer.Option("--display", help="As others read it; without it the name.")] = "",
    config: ConfigOption = None,
) -> None:
    """Add somebody, and print a password for their first log-in."""
    password, known = passwords.one_time(), _role(role)
    settings = standing(config).settings
    until_ms = people.now_ms() + settings.console.one_time_ms
    new = NewPerson(name=name, display=display, role=known, password=_hashed(password), until_ms=until_ms)
    _done(lambda: write(settings, lambda one: _noted(one, "user.add", people.add(one, new))))
    typer.echo(f"{people.folded(name)} is added as {known}. One-time password: {password}")
    typer.echo(_holds(until_ms))


@app.command()
def role(name: NameArgument, role: RoleArgument, config: ConfigOption = None) -> None:
    """Give somebody another role."""
    known = _role(role)
    _change(config, name, "user.role", lambda one, id_: people.give_role(one, id_, known))
    typer.echo(f"{people.folded(name)} is {known}")


@app.command()
def password(name: NameArgument, config: ConfigOption = None) -> None:
    """Print a new one-time password for somebody, and log them out everywhere."""
    new = passwords.one_time()
    hashed, until_ms = _hashed(new), people.now_ms() + standing(config).settings.console.one_time_ms
    _change(config, name, "user.password", lambda one, id_: people.give_password(one, id_, hashed, until_ms=until_ms))
    typer.echo(f"One-time password of {people.folded(name)}: {new}")
    typer.echo(_holds(until_ms))


@app.command()
def disable(name: NameArgument, config: ConfigOption = None) -> None:
    """Log somebody out everywhere and let them in no more."""
    _change(config, name, "user.disable", people.disable)
    typer.echo(f"{people.folded(name)} is disabled")


@app.command()
def enable(name: NameArgument, config: ConfigOption = None) -> None:
    """Let somebody in again."""
    _change(config, name, "user.enable", people.enable)
    typer.echo(f"{people.folded(name)} may log in")


@app.command()
def logout(name: NameArgument, config: ConfigOption = None) -> None:
    """Log somebody out everywhere."""

    def end(connection: Connection, id_: str) -> Staff | None:
        staff.close_all(connection, id_)
        return staff.find(connection, id_)

    _change(config, name, "user.logout", end)
    typer.echo(f"{people.folded(name)} is logged out everywhere")


def _state(person: Staff) -> str:
    if person.disabled:
        return "disabled"
    if people.is_over(person, people.now_ms()):
        return "password ended"
    return "one-time password" if person.must_change else "active"


def _holds(until_ms: int) -> str:
    return f"It lets in once, until {from_ms(until_ms)}."


def _change(config: ConfigOption, name: str, act: str, work: people.Change) -> None:
    settings = standing(config).settings

    def found(connection: Connection) -> None:
        person = staff.named(connection, people.folded(name))
        if person is None:
            raise NotDone("unknown_user")
        work(connection, person.id)
        _noted(connection, act, person)

    _done(lambda: write(settings, found), name)


def _noted(connection: Connection, act: str, person: Staff) -> None:
    """From the command line nobody is logged in: the row has whom it was done to."""
    staff_audit.note(connection, at_ms=people.now_ms(), staff_id=None, act=act, what=f"cli {person.id}", result="done")


def _done(work: Callable[[], object], name: str = "") -> None:
    try:
        work()
    except NotDone as refused:
        fail(_WORDS.get(refused.reason) or f"nobody is called {people.folded(name)!r}: see regia user list")


def _role(text: str) -> Role:
    found = role_of(text)
    if found is None:
        fail(f"{text!r} is no role; roles: {', '.join(ROLES)}", status=2)
    return found


def _hashed(password: str) -> str:
    return asyncio.run(Passwords().hash(password))
