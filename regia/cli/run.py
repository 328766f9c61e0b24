"""`regia run`: the gateway until it is told to stop."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
import uvloop

from config.problems import ConfigError, Problem
from desk.faq.reading import read_folder
from regia.cli.common import ConfigOption, config_errors, config_path, configured
from regia.cli.standing import standing
from regia.compose import Configured
from regia.faqs import declared
from regia.noticing import directory, untold
from regia.running.listening import held, listen
from regia.running.looked import plan_of
from regia.running.serving import cannot_listen, data_in_use, serve
from regia.running.worker import SWITCH
from regia.server_settings import MOST
from regia.topics import unread
from regia.watch import logs

_PARENT: Final = (sys.executable, "-P", "-m", "regia.running.parent")
_WORKERS: Final = "REGIA__SERVER__WORKERS"

WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=MOST, help="Processes that serve the port, instead of server.workers."),
]


def run(config: ConfigOption = None, workers: WorkersOption = None) -> None:
    """Run the gateway."""
    logs.set_up()
    if workers is not None:
        os.environ[_WORKERS] = str(workers)  # for the workers too, and for every look at the configuration
    found, path = standing(config), config_path(config)
    if found.settings.server.workers > 1:
        _become_parent(found, path)
    sys.setswitchinterval(SWITCH)
    uvloop.run(serve(found, path, started=lambda: _welcome(found, path)))


def check(config: ConfigOption = None) -> None:
    """Check configuration, channels and rules, and start nothing."""
    found = configured(config)
    with config_errors():
        if wrong := [*found.stray, *_wrong_articles(found)]:
            raise ConfigError(wrong)
    queues = ", ".join(found.topology.queues)
    rules = sum(len(one.rules) for one in found.rules.live.values())
    typer.echo(f"{len(found.connectors)} connectors, {rules} rules: no problems\nqueues: {queues}")
    for name in untold(directory(found.settings.notices, found.connectors), found.rules):
        typer.echo(f"hint: nobody is told by the name {name}: see notices.lists", err=True)
    for name, field, brand in unread(found.connectors, found.rules):
        typer.echo(f"hint: what customers choose in {name} decides nothing: declare {field} in the rules of {brand}", err=True)


def _wrong_articles(found: Configured) -> Iterator[Problem]:
    """What is wrong in the folders of the FAQs: a gateway that runs goes on with what was there before."""
    path = found.settings.server.base_path
    for name, faq in found.settings.faq.items():
        yield from read_folder(declared(name, faq, found.faq_folders[name], path))[1]


def _become_parent(found: Configured, path: Path) -> NoReturn:
    """Listen, and go on as the parent of workers, in this very process: it is small, and knows nothing of all this."""
    plan = plan_of(found.settings)
    try:
        listening = listen(plan.host, plan.port)
    except OSError as error:
        cannot_listen(plan.host, plan.port, error)
    if held(plan.journal(worker) for worker in range(plan.workers)):
        data_in_use(found.settings.data.path)
    _welcome(found, path)
    sys.stdout.flush()
    for one in listening:
        one.set_inheritable(True)
    told = {"config": str(path.resolve()), "listening": [one.fileno() for one in listening], "plan": asdict(plan)}
    os.execv(_PARENT[0], [*_PARENT, json.dumps(told)])  # noqa: S606  # no shell, and nothing in it comes from outside


def _welcome(configured_: Configured, path: Path) -> None:
    """Where to look, and how to send a first message."""
    base = configured_.settings.server.base_url
    lines = [f"Regia listens on {base}", ""]
    forms = configured_.of_type("web_form")
    lines += [f"  form             {base}/forms/{name}" for name in forms]
    lines += [f"  chat             {base}/chat/{name}" for name in configured_.of_type("chat")]
    lines += [f"  FAQ              {base}/faq/{name}" for name in configured_.settings.faq]
    lines += [f"  console          {base}/console/"] if configured_.settings.console.enabled else []
    lines += [
        f"  health           {base}/health/ready",
        f"  API description  {base}/openapi.json",
        f"  figures          {base}/metrics",
    ]
    first = _first_messages(configured_, base, forms)
    if first:
        lines += ["", "A first message:", "", *first, "", "See it routed:", "", f"  {_command(path)}"]
    typer.echo("\n".join(["", *lines, ""]))


def _first_messages(configured_: Configured, base: str, forms: list[str]) -> list[str]:
    lines = [
        f"  curl -F name='Anna Bianchi' -F email=anna@example.it -F message='Vorrei un rimborso' {base}/forms/{name}"
        for name in forms[:1]
    ]
    for name, channel in configured_.settings.connectors.items():
        token = next(iter(channel.get("tokens", [])), "")
        if channel["type"] == "api" and str(token).startswith("file:"):
            secret = configured_.settings.data.path / "secrets" / str(token).removeprefix("file:")
            body = '{"sender": {"handle": {"kind": "phone", "value": "+393331234567"}}, "text": "La padella è rotta"}'
            lines.append(
                f'  curl -H "Authorization: Bearer $(cat {shlex.quote(str(secret))})" -H "Content-Type: application/json" '
                f"-d '{body}' {base}/v1/messages/{name}"
            )
    return lines


def _command(path: Path) -> str:
    return f".venv/bin/regia queue peek -c {shlex.quote(str(path))}"
