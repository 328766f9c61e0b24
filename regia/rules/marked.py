"""Messages of which somebody said which category is right, as `tests:` of a rules file, without personal data as far as a
program can find it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import yaml

from normalizer.envelope_data import from_ms
from regia.pipeline.stored_facts import facts_of_envelope
from regia.rules.impersonal import Names
from router.ruleset import Ruleset
from router.vocabulary import RECEIVED, Facts, Value

MOST: Final = 2_000
"""Marked messages of one file, the newest."""
_LEFT_OUT: Final = frozenset({"sender.handle", "sender.name", "account"})
"""Who wrote, and to which of our addresses."""
_WORDS: Final = ("text", "subject")
"""What rules are written about: it is in every test."""
_HEAD: Final = """\
# Messages that people marked with the category that is right for them, newest first. Who wrote is left out; addresses, numbers,
# codes, links and the sender's names are replaced in what they wrote. A program does not find everything: look through it
# before you keep it with your rules.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """`text` is a rules file with `number` tests. Left out: `unknown_category`, what has a category that the rules do not have
    any more; `otherwise`, what would be decided otherwise once personal data is replaced."""

    text: str
    number: int
    unknown_category: int
    otherwise: int


def as_tests(rows: Iterable[Mapping[str, Any]], rules: Callable[[str], Ruleset]) -> Written:
    """Of rows of `storage.marks.marked`. `rules` gives those that decide about a brand."""
    found, unknown, otherwise = [], 0, 0
    for row in rows:
        ruleset = rules(row["brand"])
        if row["right"] not in ruleset.categories:
            unknown += 1
        elif (test := _test(row, ruleset)) is None:
            otherwise += 1
        else:
            found.append(test)
    text = yaml.safe_dump({"tests": found}, allow_unicode=True, sort_keys=False, width=120)
    return Written(f"{_HEAD}{text}", len(found), unknown, otherwise)


def _test(row: Mapping[str, Any], rules: Ruleset) -> dict[str, Any] | None:
    """None where the message would be decided otherwise than with everything it had."""
    data = orjson.loads(row["envelope"])["data"]
    facts = facts_of_envelope(data, rules.fields)
    shown = _impersonal(facts, rules, Names.of(data))
    default = {name: fact.default for name, fact in rules.vocabulary.items() if not fact.derived}
    if rules.route({**default, **facts}).category != rules.route({**default, **shown}).category:
        return None
    asked = {name: _plain(value) for name, value in shown.items() if value not in (None, "", default.get(name))}
    if RECEIVED in asked:
        asked[RECEIVED] = f"{str(asked[RECEIVED])[:19]}Z"  # tests have no parts of seconds
    return {
        "name": f"{row['id']}, marked {from_ms(row['said_ms'])[:10]}",
        "message": asked,
        "expect": {"category": row["right"]},
    }


def _impersonal(facts: Facts, rules: Ruleset, names: Names) -> dict[str, Value]:
    """Closed values as they are; of free ones what was written, and what rules ask about, with names and numbers replaced."""
    asked, found = frozenset(rules.asked), {}
    for name, value in facts.items():
        fact = rules.vocabulary.get(name)
        if fact is None or name in _LEFT_OUT or (name == "sender.domain" and not _is_named(value, rules)):
            continue
        is_free = fact.type in ("text", "list") and not fact.choices
        if is_free and name.startswith(("fields.", "customer.", "button")) and name not in asked:
            continue
        replaced = name in _WORDS or (is_free and name.startswith("fields."))
        found[name] = names.without(value) if replaced and isinstance(value, str) else value
    return found


def _is_named(domain: Value, rules: Ruleset) -> bool:
    """A marketplace that rules know, rather than somebody's own domain."""
    return isinstance(domain, str) and any(domain in text for _, text in rules.sources)


def _plain(value: Value) -> object:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
