"""`regia connector`: the channels there are, a new one, and whether one holds what every channel must."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.conformance.subject import Subject
from connectors.conformance.suite import verdicts
from connectors.registry import UnknownChannel, find, known
from regia import scaffold
from regia.cli.common import fail

app = typer.Typer(no_args_is_help=True, help="The channels there are, a new one, and whether one holds up.")

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,30}")
_PLACES: Final = ("tests/subjects/{name}.py", "regia_{name}/subject.py")
"""Where a channel's subject is looked for, below the current folder."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="A channel's type, such as whatsapp.")]


@app.command("list")
def list_() -> None:
    """Every channel that may stand in `type:`, and what it can do."""
    print(f"{'type':<16} {'comes in by':<12} {'files':<6} {'answers':<8} {'window':<27} kinds")
    for name in known():
        try:
            channel = find(name)
        except UnknownChannel as error:
            print(f"{name:<16} {error}")
            continue
        able = channel.abilities
        words = ("yes" if able.media else "-", "yes" if able.send else "-", able.told_window() or "-")
        print(f"{name:<16} {channel.way_in:<12} {words[0]:<6} {words[1]:<8} {words[2]:<27} {', '.join(sorted(able.kinds))}")


@app.command()
def new(
    name: Name,
    outside: Annotated[
        Path | None, typer.Option(help="Write a distribution of its own into this folder, instead of into Regia's tree.")
    ] = None,
) -> None:
    """Write a channel that works: connector, settings, samples, test and page. Then change it into the real one."""
    if not _NAME.fullmatch(name):
        fail(f"{name!r} cannot be a channel's name: use a-z, 0-9 and _, beginning with a letter", status=2)
    if name in known():
        fail(f"there is a channel {name!r} already; regia connector list shows all", status=2)
    if outside is None and not Path("connectors/registry.py").exists():
        fail("this is no checkout of Regia: change into one, or write a distribution with --outside FOLDER", status=2)
    layout = scaffold.in_checkout(name) if outside is None else scaffold.outside(name)
    taken = scaffold.taken(name)
    if taken is not None or (outside is None and Path("connectors", name).exists()):
        fail(f"{name!r} cannot be a channel's name: {taken or 'connectors/ has a folder of that name'}", status=2)
    try:
        paths = scaffold.write(outside or Path(), scaffold.render(name, layout))
    except FileExistsError as error:
        fail(f"{error} is there already; nothing was written", status=2)
    for path in paths:
        print(path)
    print(_next(name, outside))


def _next(name: str, outside: Path | None) -> str:
    if outside is not None:
        return f"""
Next, in {outside}, with Regia's environment:
  pip install --no-deps --editable .
  regia connector verify {name}"""
    return f"""
Next:
  add `from connectors import {name}` and the line `{name}.CHANNEL,` to connectors/registry.py
  regia connector verify {name}"""


@app.command()
def verify(
    name: Name,
    subject: Annotated[
        Path | None, typer.Option(help="The file that describes it to the suite; else tests/subjects/NAME.py.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what does not hold.")] = False,
) -> None:
    """Run the conformance suite over a channel."""
    if subject is None and (why := _unverified(name)) is not None:
        print(f"The suite is not for {name}: {why}.")
        return
    subjects = _subjects(name, subject or _found(name))
    failed = tried = 0
    for one in subjects:
        for verdict in verdicts(one):
            tried += verdict.applies
            failed += verdict.problem is not None
            _say(one, verdict.check.name, verdict.problem, applies=verdict.applies, quiet=quiet)
    print(f"{tried - failed} held, {failed} not")
    if failed:
        raise typer.Exit(1)


def _unverified(name: str) -> str | None:
    """Why the suite is not for a channel; None for one that it is for, or that is not registered yet."""
    try:
        return find(name).unverified
    except UnknownChannel:
        return None


def _say(subject: Subject, check: str, problem: str | None, *, applies: bool, quiet: bool) -> None:
    if problem is not None:
        print(f"NOT HELD  {subject.name}: {check}\n          {problem}")
    elif not quiet:
        print(f"{'held' if applies else '-':<9} {subject.name}: {check}{'' if applies else ' (does not apply)'}")


def _found(name: str) -> Path:
    places = [Path(place.format(name=name)) for place in _PLACES]
    there = next((place for place in places if place.exists()), None)
    if there is None:
        fail(
            f"nothing describes {name!r} to the suite: there is no {' and no '.join(map(str, places))}; use --subject", status=2
        )
    return there


def _subjects(name: str, path: Path) -> list[Subject]:
    """The subjects of a file that are about this channel."""
    if not path.exists():
        fail(f"{path} does not exist", status=2)
    sys.path.insert(0, str(Path.cwd()))
    spec = importlib.util.spec_from_file_location(f"subject_{name}", path)
    if spec is None or spec.loader is None:
        fail(f"{path} is no Python file", status=2)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  # somebody's file: whatever it raises is shown as its author needs it
        fail(f"{path} cannot be loaded: {type(error).__name__}: {error}", status=2)
    found = [one for one in vars(module).values() if isinstance(one, Subject) and one.channel.name == name]
    if not found:
        fail(f"{path} holds no Subject of a channel called {name!r}", status=2)
    return found
