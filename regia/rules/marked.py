"""Messages of which somebody said which category is right, as `tests:` of a rules file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson
import yaml

from normalizer.envelope_data import from_ms
from regia.pipeline.stored_facts import facts_of_envelope
from router.ruleset import Ruleset
from router.vocabulary import RECEIVED, Value

_LEFT_OUT: Final = frozenset({"sender.handle", "sender.name", "account"})
"""Who wrote: a rules file is kept with code. What was written is what most rules ask about, and stays."""
_HEAD: Final = """\
# Messages that people marked with the category that is right for them, newest first. What customers wrote stands here as they
# wrote it: look through it before you keep it with your rules.
"""


def as_tests(rows: Iterable[Mapping[str, Any]], rules: Callable[[str], Ruleset]) -> str:
    """YAML with `tests:`, of rows of `storage.marks.marked`. `rules` gives those of a brand: what has a category that they do
    not have any more is left out."""
    found = [_test(row, rules(row["brand"])) for row in rows if row["right"] in rules(row["brand"]).categories]
    text = yaml.safe_dump({"tests": found}, allow_unicode=True, sort_keys=False, width=120)
    return f"{_HEAD}{text}"


def _test(row: Mapping[str, Any], rules: Ruleset) -> dict[str, Any]:
    data = orjson.loads(row["envelope"])["data"]
    facts = facts_of_envelope(data, rules.fields)
    default = {name: fact.default for name, fact in rules.vocabulary.items()}
    asked = {
        name: _plain(value)
        for name, value in facts.items()
        if name in default and name not in _LEFT_OUT and value not in (None, default[name])
    }
    if RECEIVED in asked:
        asked[RECEIVED] = f"{str(asked[RECEIVED])[:19]}Z"  # tests have no parts of seconds
    return {
        "name": f"{row['id']}, marked {from_ms(row['said_ms'])[:10]}",
        "message": asked,
        "expect": {"category": row["right"]},
    }


def _plain(value: Value) -> object:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
