"""Writes the reference tables of the documentation from the code: `.venv/bin/python -m scripts.write_reference`.

A table stands between `<!-- reference: NAME -->` and `<!-- end of reference -->`. With `--check` nothing is written, and
a table that is out of date is an error. What a key means is said by its model; `scripts.reference_words` has the words
for keys whose model says nothing, and a key without any words is an error too.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from prometheus_client import Counter, Gauge, Histogram
from pydantic import BaseModel

from connectors.abilities import Abilities
from connectors.registry import CHANNELS
from regia.bridge_settings import AnyBridge
from regia.bridges.common import Bridge
from regia.settings import Settings
from regia.watch import metrics
from router.vocabulary import OF_CALENDARS, OF_FIELDS, VOCABULARY, Fact
from scripts import console_reference, described_reference
from scripts.reference_words import CHANNEL_MEANINGS, DEFAULTS, MEANINGS

ROOT: Final = Path(__file__).parents[1]
START, END = "<!-- reference: {name} -->", "<!-- end of reference -->"


class Wordless(Exception):
    """A key has no meaning, or `MEANINGS` has words for a key that is not there."""


def settings_table(name: str, model: type[BaseModel]) -> str:
    """Key, default and meaning of every key of a settings model, nested ones with their dotted path."""
    schema = model.model_json_schema()
    meanings, common = dict(MEANINGS.get(name, {})), CHANNEL_MEANINGS
    lines = ["| key | default | meaning |", "| --- | --- | --- |"]
    for key, part, required in _keys(schema, schema.get("$defs", {}), ""):
        if key == "type":
            lines.append(f"| `type` | **needed** | `{name}` |")
            continue
        meaning = meanings.pop(key, None) or part.get("description") or common.get(key)
        if meaning is None:
            raise Wordless(f"{name}: {key} has no description in its model and none in MEANINGS")
        default = DEFAULTS.get(f"{name} {key}") or ("**needed**" if required else _default(part))
        lines.append(f"| `{key.replace('NAME', '<name>')}` | {default} | {_cell(_sentence(meaning, part))} |")
    if meanings:
        raise Wordless(f"{name}: MEANINGS has words for {', '.join(meanings)}")
    return "\n".join(lines)


def bridge_table(name: str, model: type[BaseModel]) -> str:
    """The keys of one type of bridge that are not as those of all."""
    common = set(settings_table("bridge", Bridge).splitlines())
    head, line, *rows = settings_table(name, model).splitlines()
    return "\n".join([head, line, *(row for row in rows if row not in common)])


def _without_type(table: str) -> str:
    return "\n".join(row for row in table.splitlines() if not row.startswith("| `type`"))


def _keys(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every key with its schema and whether it must be given; sections of fixed keys only by what is in them."""
    for name, part in schema["properties"].items():
        key = f"{prefix}{name}"
        inner, step = _inner(part, defs)
        if step or inner is None or "description" in part or part.get("anyOf"):
            yield key, part, name in schema.get("required", ())
        if inner is not None:
            yield from _keys(inner, defs, f"{key}{step}.")


def _inner(part: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The model inside a key, if any, and what stands between: nothing, `[]` of a list, `.NAME` of a mapping."""
    places = [(part, ""), *((one, "") for one in part.get("anyOf", ()))]
    places.append((part.get("items", {}), "[]"))
    places.append((part.get("additionalProperties") or {}, ".NAME"))
    places += [(one, ".NAME") for one in part.get("patternProperties", {}).values()]
    for place, step in places:
        if isinstance(place, dict) and "$ref" in place:
            return defs[place["$ref"].rpartition("/")[2]], step
    return None, ""


def _default(part: Mapping[str, Any]) -> str:
    value = part.get("default")
    if value in (None, []):
        return "none"
    if isinstance(value, dict):
        return "see below"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _sentence(meaning: str, part: Mapping[str, Any]) -> str:
    text = meaning.rstrip(".")
    if "_" not in text.partition(" ")[0]:
        text = text[0].upper() + text[1:]
    choices = part.get("enum")
    return f"{text}: {', '.join(f'`{one}`' for one in choices)}" if choices else text


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def metrics_table() -> str:
    """Every figure of the gateway's own with its labels."""
    lines = ["| figure | labels | what it is |", "| --- | --- | --- |"]
    for figure in vars(metrics).values():
        if isinstance(figure, Counter | Gauge | Histogram):
            (family,) = figure.describe()
            name = f"{family.name}_total" if isinstance(figure, Counter) else family.name
            labels = ", ".join(f"`{label}`" for label in figure._labelnames) or "none"  # there is no public name
            lines.append(f"| `{name}` ({family.type}) | {labels} | {_cell(family.documentation)} |")
    return "\n".join(lines)


def channels_table() -> str:
    """What each channel can do, as its `Abilities` say; tests hold those to what its samples become."""
    heads = ("channel", "receives", "files", "edits", "deletions", "reactions", "proof", "sends", "statuses", "window")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for channel in CHANNELS:
        able = channel.abilities
        simple = [f"`{kind}`" for kind in sorted(able.kinds - {"edit", "delete", "reaction", "unsupported"})]
        flags = [_yes(able.media), *(_yes(kind in able.kinds) for kind in ("edit", "delete", "reaction"))]
        states = ", ".join(f"`{state}`" for state in sorted(able.states)) or "no"
        cells = [f"[{channel.name}]({channel.name}.md)", ", ".join(simple), *flags, ", ".join(sorted(able.proof))]
        lines.append(f"| {' | '.join([*cells, _sends(able), states, able.told_window() or 'none'])} |")
    return "\n".join(lines)


def _yes(held: bool) -> str:
    return "yes" if held else "no"


def _sends(able: Abilities) -> str:
    if able.send is None:
        return "no"
    unit = {"characters": "characters", "bytes": "bytes", "utf16": "characters (UTF-16)"}[able.send.unit]
    words = [f"texts of {able.send.text:,} {unit}"]
    words += [f"{able.send.buttons} buttons"] if able.send.buttons else []
    words += [", ".join(f"`{kind}`" for kind in able.send.files)] if able.send.files else []
    return "; ".join(words)


_TYPES: Final = {"boolean": "true or false", "integer": "number", "number": "number, with a point in `expr`"}


def facts_table() -> str:
    """What a rule can ask: every name with its type and its words, and its values where they are a closed list."""
    lines = ["| name | type | what it is |", "| --- | --- | --- |"]
    facts = {**VOCABULARY, **{f"{prefix}.NAME": fact for prefix, fact in OF_CALENDARS.items()}}
    lines += [f"| `{name}` | {_TYPES.get(fact.type, fact.type)} | {_cell(_of(fact))} |" for name, fact in facts.items()]
    return "\n".join([*lines, f"| `fields.NAME` | as declared | {_cell(OF_FIELDS)} |"])


def _of(fact: Fact) -> str:
    choices = [f"`{choice}`" for choice in sorted(fact.choices)]
    return f"{fact.says}: {', '.join(choices[:-1])} or {choices[-1]}" if choices else fact.says


def _bridges() -> dict[str, type[BaseModel]]:
    """The settings of each type of bridge."""
    models = get_args(get_args(AnyBridge)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


BRIDGES: Final = _bridges()
TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "settings": lambda: settings_table("settings", Settings),
    **{
        channel.name: lambda channel=channel: settings_table(channel.name, channel.settings)  # type: ignore[misc]  # no default
        for channel in CHANNELS
    },
    "bridge": lambda: _without_type(settings_table("bridge", Bridge)),
    **{
        f"bridge {type_}": lambda type_=type_, model=model: bridge_table(type_, model)  # type: ignore[misc]  # no default
        for type_, model in BRIDGES.items()
    },
    **described_reference.TABLES,
    "console": console_reference.console_table,
    "metrics": metrics_table,
    "channels": channels_table,
    "facts": facts_table,
}
PAGES: Final = (
    "docs/configuration.md",
    "docs/bridges.md",
    "docs/bridges-http.md",
    "docs/console.md",
    "docs/operations.md",
    "docs/rules.md",
    "docs/channels/README.md",
    *(f"docs/channels/{channel.name}.md" for channel in CHANNELS),
)


def rewritten(text: str) -> str:
    """A page with its tables as they should be."""
    for name, table in TABLES.items():
        start = START.format(name=name)
        if start in text:
            before, _, rest = text.partition(start)
            after = rest[rest.index(END) :]
            text = f"{before}{start}\n{table()}\n{after}"
    return text


def main() -> int:
    """Write the pages, or with `--check` say which are out of date."""
    stale = []
    for page in PAGES:
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        if (new := rewritten(text)) != text:
            stale.append(page)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    for page in stale:
        print(f"{page} {'is out of date: run python -m scripts.write_reference' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
