"""`regia rules versions`, `activate` and `shadow`: which version of the rules decides, and what another one would do."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
import typer
from sqlalchemy import Connection

from regia.cli.common import ConfigOption, config_errors, fail, source_of
from regia.cli.rules_check import AsJson
from regia.cli.rules_stored import full_hash, stored
from regia.cli.stored import read, write
from regia.rules.activating import activate as choose
from regia.rules.files import named
from regia.rules.live import EVERY_BRAND
from regia.settings import Settings, Source
from storage import rulesets, shadows
from storage.rulesets import Activation, NodeRules

_SHOWN: Final = 20
_WAIT: Final = 10.0
"""Seconds until the nodes that run have followed."""
_GONE_MS: Final = 180_000
"""A node that said nothing for so long is not there; one that is says something every minute."""
_SCHEME: Final = "sha256:"

Hash = Annotated[str, typer.Argument(help="The version's hash, or its first digits: at least eight.")]
OfBrand = Annotated[str, typer.Option("--brand", help="For a brand that has rules of its own; without it for all others.")]


def versions(config: ConfigOption = None, as_json: AsJson = False) -> None:
    """Which version decides for which brand, on which node; which there are, and who chose them."""
    settings = _settings(source_of(config))
    told = read(settings, lambda connection: _everything(connection))  # noqa: PLW0108 - typed by its use
    if as_json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    for one in told["nodes"]:
        same = "" if one["live"] == one["files"] else f", its files are {_short(one['files'])}"
        typer.echo(f"node {one['node']}, brand {one['brand']}: {_short(one['live'])} since {one['at']}{same}")
    for one in told["chosen"]:
        typer.echo(f"{one['at']}  {_short(one['hash'])} for brand {one['brand']}, by {one['actor']}")
    for one in told["versions"]:
        typer.echo(f"{one['hash']}  kept {one['created']}")


def activate(hash_: Hash, config: ConfigOption = None, brand: OfBrand = EVERY_BRAND) -> None:
    """Let a version that was there before decide, on every node, until rule files change or another one is chosen."""
    source = source_of(config)
    settings, brands = _settings(source), {name for role, name in named(source) if role == "live"}
    if brand not in brands:
        fail(f"brand {brand!r} has no rules of its own; those that have: {', '.join(sorted(brands))}", status=2)
    wanted = full_hash(settings, hash_)
    stored(settings, wanted)  # one that cannot be loaded any more is told of here, and not by every node
    chosen = Activation(brand=brand, hash=wanted, actor="command line", at_ms=time.time_ns() // 1_000_000)
    write(settings, lambda connection: choose(connection, chosen))
    for node in _followed(settings, chosen):
        is_live = node.live == wanted
        typer.echo(f"node {node.node}: " + (f"{_short(wanted)} decides" if is_live else "has not followed: does it run?"))


def shadow(config: ConfigOption = None, as_json: AsJson = False) -> None:
    """What the rules under `shadow:` would have done otherwise with the messages that came in."""
    counted = read(_settings(source_of(config)), shadows.runs)
    if as_json:
        typer.echo(orjson.dumps([_run(pair, one) for pair, one in counted.items()], option=orjson.OPT_INDENT_2).decode())
        return
    if not counted:
        typer.echo("nothing was counted yet: name rule files under shadow: and let messages come in")
    for pair, one in counted.items():
        typer.echo(
            f"brand {pair.brand}: {_short(pair.shadow)} beside {_short(pair.live)}, {_at(one.since_ms)} to {_at(one.last_ms)}"
        )
        typer.echo(f"{one.messages} messages, {one.different} would change")
        for change, number in one.changes.most_common():
            typer.echo(f"{number:7}  {_words(orjson.loads(change))}")
            typer.echo(f"         such as {', '.join(one.examples[change][:3])}")


def _settings(source: Source) -> Settings:
    with config_errors():
        return source.settings()


def _everything(connection: Connection) -> dict[str, Any]:
    nodes, chosen = _heard(connection), rulesets.chosen(connection, _SHOWN)
    return {
        "nodes": [
            {"node": one.node, "brand": one.brand, "live": one.live, "files": one.files, "at": _at(one.at_ms)} for one in nodes
        ],
        "chosen": [{"at": _at(one.at_ms), "brand": one.brand, "hash": one.hash, "actor": one.actor} for one in chosen],
        "versions": [{"hash": one.hash, "created": _at(one.created_ms)} for one in rulesets.versions(connection, limit=_SHOWN)],
    }


def _heard(connection: Connection) -> list[NodeRules]:
    """The nodes that are there."""
    return rulesets.nodes(connection, time.time_ns() // 1_000_000 - _GONE_MS)


def _followed(settings: Settings, chosen: Activation) -> list[NodeRules]:
    """The nodes with rules of the brand, once all have followed or the time is over."""
    until = time.monotonic() + _WAIT
    while True:
        nodes = [one for one in read(settings, _heard) if one.brand == chosen.brand]
        if all(one.live == chosen.hash for one in nodes) or time.monotonic() > until:
            return nodes
        time.sleep(0.2)


def _run(pair: shadows.Pair, one: shadows.Counted) -> dict[str, Any]:
    changes = [
        {**orjson.loads(change), "messages": number, "examples": one.examples[change]}
        for change, number in one.changes.most_common()
    ]
    ends = {"since": _at(one.since_ms), "last": _at(one.last_ms)}
    pair_ = {"brand": pair.brand, "live": pair.live, "shadow": pair.shadow}
    return {**pair_, **ends, "messages": one.messages, "different": one.different, "changes": changes}


def _words(change: dict[str, Any]) -> str:
    if "before" not in change:
        return "other changes"
    sides = [f"{_value(change[side])}{_by(change[f'by_{side}'])}" for side in ("before", "after")]
    return f"{change['field']}: {sides[0]} → {sides[1]}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_value(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)


def _by(rule: str | None) -> str:
    return f" ({rule})" if rule else ""


def _short(hash_: str) -> str:
    return hash_[: len(_SCHEME) + 12]


def _at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
