"""What every command shares: finding the configuration, and showing errors to a person."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NoReturn

import orjson
import typer

from config.problems import ConfigError
from regia.compose import Configured, configure
from regia.settings import Source, open_settings

_DEMO: Final = Path(__file__).parents[2] / "config" / "examples" / "demo" / "regia.yaml"

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", help="Configuration file; without it $REGIA_CONFIG, ./regia.yaml, or the demo's."),
]


def config_path(given: Path | None) -> Path:
    """The configuration file a command uses."""
    if given is not None:
        return given
    if named := os.environ.get("REGIA_CONFIG"):
        return Path(named)
    here = Path("regia.yaml")
    return here if here.exists() else _DEMO


def configured(given: Path | None, *, as_json: bool = False) -> Configured:
    """Load the configuration, or end the program with everything that is wrong with it."""
    with config_errors(as_json=as_json):
        return configure(config_path(given), os.environ)


def source_of(given: Path | None) -> Source:
    """The configuration file without its channels and rules, for commands that help where these are wrong."""
    with config_errors():
        return open_settings(config_path(given), os.environ)


@contextmanager
def config_errors(*, told: str = "in the configuration; nothing was started", as_json: bool = False) -> Iterator[None]:
    """Show the problems of a configuration, one a line, or in JSON, and exit with 2. `told` ends the line that counts them."""
    try:
        yield
    except ConfigError as error:
        if as_json:
            typer.echo(orjson.dumps({"errors": [asdict(one) for one in error.problems]}, option=orjson.OPT_INDENT_2).decode())
            raise typer.Exit(2) from None
        for problem in error.problems:
            print(problem, file=sys.stderr)
        number = len(error.problems)
        fail(f"{number} problem{'s' if number > 1 else ''} {told}", status=2)


def fail(message: str, *, status: int = 1) -> NoReturn:
    """End the command with a message for a person."""
    print(f"regia: {message}", file=sys.stderr)
    raise typer.Exit(status)
