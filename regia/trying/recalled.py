"""What rules could ask of a stored message when it was decided, as far as it can be told now, and what cannot be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from regia.pipeline.stored_facts import ADDED, facts_of_envelope
from router.ruleset import Ruleset
from router.vocabulary import Facts, FactType, Value
from storage.replayed import Stored

OLDER: Final = "its envelope is older than the fact, and the rules that decided did not ask for it"
FILLED: Final = "its envelope does not tell whether the message had the field or the rules filled it"
CUT: Final = "an erase took what it showed of somebody else out of its envelope"

_CUT_FACTS: Final = (
    *("customer.tier", "customer.tags"),
    *("history.last_category", "history.contacts", "history.day", "history.week"),
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """A stored message. `unknown` has the facts that cannot be told any more, each with the reason."""

    data: Mapping[str, Any]
    unknown: Mapping[str, str]
    recorded: Mapping[str, Value]
    """Of facts that the envelope does not have, what the record of the decision says."""

    def facts(self, declared: Mapping[str, FactType]) -> Facts:
        """The facts for rules with these fields. Of use only to rules that need nothing unknown."""
        return {**facts_of_envelope(self.data, declared), **self.recorded}


def needed(ruleset: Ruleset) -> frozenset[str]:
    """The facts on which its decisions depend."""
    filled = (f"fields.{one.field}" for one in ruleset.extractors)
    return frozenset((*ruleset.asked, *filled, *(source for one in ruleset.extractors for source in one.sources)))


def is_whole(data: Mapping[str, Any]) -> bool:
    """Whether an envelope says all by itself. For an older one `recall` needs the rules that decided."""
    return "extracted" in data["routing"] and all(key in data[group] for group, key in ADDED.values())


def recall(stored: Stored, data: Mapping[str, Any], decided: Ruleset | None) -> Recalled:
    """The message with this `data`. `decided` are the rules that decided, or None where they are not stored or cannot be read
    any more."""
    lacking = [name for name, (group, key) in ADDED.items() if key not in data[group]]
    recorded = _recorded(stored, lacking, decided) if lacking else {}
    unknown = {name: OLDER for name in lacking if name not in recorded}
    if "extracted" not in data["routing"]:
        unknown |= dict.fromkeys(_perhaps_filled(data["fields"], decided), FILLED)
    if stored.cut:
        unknown |= dict.fromkeys(_CUT_FACTS, CUT)
    return Recalled(data, unknown, recorded)


def _recorded(stored: Stored, names: list[str], decided: Ruleset | None) -> dict[str, Value]:
    """The values of these facts, which are numbers and truths and so shown whole, in the record of the decision."""
    values = orjson.loads(stored.explanation)["values"]
    if decided is None or len(values) != len(decided.asked):
        return {}
    shown = dict(zip(decided.asked, values, strict=True))
    return {name: shown[name] for name in names if name in shown}


def _perhaps_filled(fields: Mapping[str, Any], decided: Ruleset | None) -> list[str]:
    """Fields with a value that an extractor may have put there; of rules that are not known, any."""
    names = fields.keys() if decided is None else [one.field for one in decided.extractors]
    return [f"fields.{name}" for name in names if fields.get(name) not in (None, "")]
