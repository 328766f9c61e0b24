"""`regia webhook`: how webhooks stand, and enabling one again."""

from typing import Annotated

import msgspec
import typer
from sqlalchemy import Connection

from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read, write
from regia.runners.webhooks import State, place_of
from storage import cursors

app = typer.Typer(no_args_is_help=True, help="Envelopes to a web address of your own.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of `webhooks` in the configuration.")]


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Every webhook with its address, its queues, and how it stands."""
    settings = standing(config).settings
    if not settings.webhooks:
        typer.echo("regia: no webhooks are configured", err=True)
    for name, hook in settings.webhooks.items():
        state = read(settings, lambda connection, name=name: _state(connection, name))  # type: ignore[misc]
        typer.echo(f"{name:20} {hook.url.partition('?')[0]} {', '.join(hook.queues)}: {_told(state)}")


@app.command()
def enable(name: NameArgument, config: ConfigOption = None) -> None:
    """Let a webhook that is disabled go on: what waits in its queues is sent within seconds."""
    settings = standing(config).settings
    if name not in settings.webhooks:
        fail(f"there is no webhook {name!r}; webhooks: {', '.join(settings.webhooks) or 'none'}", status=2)
    if read(settings, lambda connection: _state(connection, name)).disabled is None:
        fail(f"webhook {name} is not disabled")
    write(settings, lambda connection: _enable(connection, name))
    typer.echo(f"webhook {name} goes on")


def _state(connection: Connection, name: str) -> State:
    stored = cursors.read(connection, place_of(name))
    return State() if stored is None else msgspec.json.decode(stored.place, type=State)


def _enable(connection: Connection, name: str) -> None:
    """Under the token of who has written it: who owned it before writes nothing any more."""
    stored = cursors.read(connection, place_of(name))
    if stored is not None:
        cursors.move(connection, place_of(name), msgspec.json.encode(State(works=True)).decode(), stored.token)


def _told(state: State) -> str:
    if state.disabled == "gone":
        return "disabled: it answered that it wants no more (410)"
    since = "" if state.failing_ms is None else f" since {from_ms(state.failing_ms)}"
    if state.disabled is not None:
        return f"disabled: it failed{since}"
    return f"fails{since}" if since else "works, or has not been tried yet"
