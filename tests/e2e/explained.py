"""Every stored message, asked again: the facts of its envelope give the version of the rules that decided the same decision, to
the byte of its explanation, and what `explain` renders is what the envelope says."""

import json
from collections.abc import Iterator
from typing import Any, Final

import orjson
from sqlalchemy import Connection, create_engine

from regia.pipeline.stored_facts import facts_of_envelope
from router.explain import as_data, render
from router.load import load
from router.ruleset import Ruleset
from storage.replayed import Only, Stored, before
from storage.rulesets import sources_of
from tests.e2e.gateway import CONFIG, Gateway

_PAGE: Final = 200
_NO_RULE: Final = ("category", "default")


def check_explained(gateway: Gateway, number: int) -> None:
    """Of all `number` messages that the gateway has stored. It may run meanwhile."""
    url = gateway.mode.environ.get("REGIA__DATABASE__URL") or f"sqlite:///{gateway.data / 'regia.sqlite'}"
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    rules: dict[str, Ruleset] = {}
    seen: set[str] = set()
    try:
        with engine.connect() as connection:
            for message in _all(connection):
                if message.ruleset not in rules:
                    rules[message.ruleset] = _version(connection, message.ruleset)
                _check(message, rules[message.ruleset])
                seen.add(message.id)
    finally:
        engine.dispose()
    assert len(seen) == number
    _check_replayed(gateway, number)


def _all(connection: Connection) -> Iterator[Stored]:
    place = None
    while page := before(connection, Only(), place, _PAGE):
        connection.rollback()  # a gateway that runs writes meanwhile
        yield from page
        place = (page[-1].received_ms, page[-1].id)


def _version(connection: Connection, ruleset: str) -> Ruleset:
    sources = sources_of(connection, ruleset)
    assert sources is not None, f"{ruleset} decided and is not stored"
    return load([(name, text) for name, text in json.loads(sources)])


def _check(message: Stored, rules: Ruleset) -> None:
    data = orjson.loads(message.envelope)["data"]
    routing = data["routing"]
    again = rules.route(facts_of_envelope(data, rules.fields))
    assert again.explanation == message.explanation, message.id
    assert (again.category, [*again.targets], routing["ruleset"]) == (routing["category"], routing["targets"], rules.hash)
    told = as_data(rules, message.explanation)
    assert told["decided_by"] == routing["decided_by"], message.id
    _check_won(told["rules"], routing["decided_by"])
    _, _, rendered = render(rules, message.explanation).partition("decided by\n")
    assert dict(line.strip().split(": ", 1) for line in rendered.splitlines()) == routing["decided_by"], message.id


def _check_won(rules: list[dict[str, Any]], decided_by: dict[str, str]) -> None:
    """What each rule is said to have won, by field, is who decided that field."""
    won: dict[str, list[str]] = {}
    for rule in rules:
        for field in rule.get("won", ()):
            won.setdefault(field, []).append(rule["name"])
    named = {field: [name for name in by.split(", ") if name not in _NO_RULE] for field, by in decided_by.items()}
    assert {field: sorted(names) for field, names in won.items()} == {f: sorted(names) for f, names in named.items() if names}


def _check_replayed(gateway: Gateway, number: int) -> None:
    """`regia rules diff` with the live rules finds all of them as before."""
    done = gateway.cli("rules", "diff", str(CONFIG.parent / "rules.yaml"), "--last", "1000000", "--json", "--fail-on-change")
    told = json.loads(done.stdout)
    assert (told["messages"], told["as_before"], told["not_reproduced"]) == (number, number, [])
