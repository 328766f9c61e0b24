"""A stored message as somebody would write it in the playground: its facts as `tests:` have them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from regia.pipeline.stored_facts import facts_of_envelope
from router.vocabulary import RECEIVED, VOCABULARY, FactType, Value
from storage import lookup
from web.console.playground import Sample

_OWN: Final = ("channel", "subject", "text")
"""Facts that have fields of their own on the page."""
_UNWRITABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""What YAML does not take as it is, or takes for the end of a line."""


def of_message(connection: Connection, id_: str, declared: Mapping[str, FactType]) -> Sample | None:
    """`declared` are the fields of the rules. None where there is no message of this id."""
    row = lookup.message(connection, id_)
    if row is None:
        return None
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    facts = facts_of_envelope(data, declared)
    facts = {**facts, RECEIVED: f"{str(facts[RECEIVED])[:19]}Z"}  # to the second, as tests have it
    told = [f"{name}: {_written(value)}\n" for name, value in facts.items() if name not in _OWN and _is_told(name, value)]
    channel, subject, text = (str(facts[name] or "") for name in _OWN)
    return Sample(id=id_, channel=channel, subject=subject, text=text, facts="".join(told))


def _is_told(name: str, value: Value) -> bool:
    known = VOCABULARY.get(name)
    return value != (None if known is None else known.default)


def _written(value: Value) -> str:
    """As a flow value of YAML, which JSON is but for a few characters."""
    plain = sorted(value) if isinstance(value, frozenset) else value
    return _UNWRITABLE.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(plain, ensure_ascii=False))
