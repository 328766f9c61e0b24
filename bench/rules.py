"""What routing a message costs with ever more rules, beside a plain loop of Python's `re` over the same rules.

Each rule asks for words, an order number, a sender's domain or an amount, some with further conditions, and nearly each for
its own. Every message is another one of 480 characters, in which a few rules find what they ask for. All sizes are
measured in turns.
"""

import json
import random
import re
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from router.load import load
from router.ruleset import Ruleset
from router.vocabulary import Facts

LENGTH: Final = 480
MESSAGES: Final = 1_000
_LOOPED: Final = 40
"""Messages that the plain loop is measured with: with 10,000 rules each takes it a tenth of a second."""
_PLANTED: Final = 3
_SYLLABLES: Final = ("ba", "co", "di", "fe", "gu", "la", "mo", "ni", "pa", "ro", "se", "ti", "vo", "za")
_EVERYDAY_TEXT: Final = (
    "buongiorno vorrei sapere quando arriva il pacco che ho ordinato la settimana scorsa perché non ho ancora "
    "ricevuto nulla e il corriere dice di essere passato grazie mille a presto saluti thanks for your help with this"
)
_EVERYDAY: Final = _EVERYDAY_TEXT.split()
_CHANNELS: Final = ("email", "whatsapp", "web_form")


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds a message, by round; of the plain loop; seconds to load; bytes that the loaded rules take."""

    rules: int
    rounds: tuple[float, ...]
    loop: float
    load: float
    memory: float

    @property
    def middle(self) -> float:
        return statistics.median(self.rounds)


def measure(sizes: Sequence[int], *, rounds: int, told: Callable[[str], None]) -> list[Cost]:
    """Each size, smallest first."""
    made: list[tuple[int, Ruleset, list[Facts], float, float, float]] = []
    for size in sorted(sizes):
        told(f"{size:,} rules: loading")
        rng = random.Random(f"rules {size}")  # noqa: S311  # sample data
        names = [_word(number) for number in range(size)]
        rules = [_rule(number, word, rng) for number, word in enumerate(names)]
        before, started = _memory(), time.perf_counter()
        ruleset = load([("rules.yaml", _written(rules))])
        seconds, taken = time.perf_counter() - started, _memory() - before
        messages = [_message(names, rng) for _ in range(MESSAGES)]
        made.append((size, ruleset, messages, seconds, taken, _loop(rules, messages[:_LOOPED])))
    told("measuring")
    found: list[list[float]] = [[] for _ in made]
    for _ in range(rounds):
        for place, (_, ruleset, messages, *_rest) in enumerate(made):
            found[place].append(_each(ruleset.route, messages))
    return [
        Cost(size, tuple(each), loop, seconds, taken)
        for (size, _, _, seconds, taken, loop), each in zip(made, found, strict=True)
    ]


def _each(route: Callable[[Facts], object], messages: Sequence[Facts]) -> float:
    started = time.perf_counter()
    for facts in messages:
        route(facts)
    return (time.perf_counter() - started) / len(messages) * 1e6


def _loop(rules: Sequence[dict[str, Any]], messages: Sequence[Facts]) -> float:
    """The first question of each rule as one expression of `re`, one after the other."""
    patterns = [re.compile(_expression(rule["when"])) for rule in rules]
    started = time.perf_counter()
    for facts in messages:
        text = str(facts["text"])
        for pattern in patterns:
            pattern.search(text)
    return (time.perf_counter() - started) / len(messages) * 1e6


def _expression(when: dict[str, Any]) -> str:
    looked = when.get("text")
    if looked is None:
        return re.escape(str(when.get("sender.domain", "never")))
    if "matches" in looked:
        return str(looked["matches"])
    return rf"(?i)\b(?:{'|'.join(map(re.escape, looked['words']))})\b"


def _word(number: int) -> str:
    """A word for each number, which no other number has."""
    digits = [number // len(_SYLLABLES) ** place % len(_SYLLABLES) for place in range(4)]
    return "".join(_SYLLABLES[digit] for digit in digits)


def _rule(number: int, word: str, rng: random.Random) -> dict[str, Any]:
    kind = number % 10
    if kind < 5:  # noqa: PLR2004 - half of them
        when: dict[str, Any] = {"text": {"words": [word, f"{word} {rng.choice(_EVERYDAY)}", f"{word}x"]}}
    elif kind < 8:  # noqa: PLR2004 - three in ten
        when = {"text": {"matches": rf"\b{word.upper()}-[0-9]{{3,6}}\b"}}
    elif kind == 8:  # noqa: PLR2004 - one in ten
        when = {"sender.domain": f"{word}.example"}
    else:
        when = {"channel": rng.choice(_CHANNELS), "fields.total": f"> {number % 500 + 1000}", "text": {"words": [word]}}
    if number % 4 == 0:
        when["channel"] = list(rng.sample(_CHANNELS, 2))
    if number % 7 == 0:
        when["not"] = {"customer.tags": "press"}
    if number % 500 == 499:  # noqa: PLR2004 - now and then one without any literal
        when = {"text": {"matches": rf"[0-9]{{3}}/[0-9]{{2}} {word[:1]}|[A-Z]{{9}}"}}
    return {"name": f"r{number}", "when": when, "then": {"tags": [f"t{number % 50}"], "priority": number % 10}}


def _written(rules: Sequence[dict[str, Any]]) -> str:
    """As YAML, a line a rule: JSON is YAML too."""
    lines = "\n".join(f"  - {json.dumps(rule)}" for rule in rules)
    return f"fields: {{total: number}}\ncategories: {{general: null}}\ndefault: general\nrules:\n{lines}\n"


def _message(names: Sequence[str], rng: random.Random) -> Facts:
    words = rng.choices(_EVERYDAY, k=LENGTH // 5)
    for place in rng.sample(range(40), _PLANTED):
        word = rng.choice(names)
        words[place] = rng.choice((word, word.upper(), f"{word.upper()}-{rng.randint(100, 99_999)}"))
    return {
        "channel": rng.choice(_CHANNELS),
        "text": " ".join(words)[:LENGTH],
        "sender.domain": f"{rng.choice(names)}.example",
        "sender.proof": "verified",
        "customer.tags": frozenset(),
        "fields.total": rng.uniform(0, 2_000),
    }


def _memory() -> float:
    """Bytes that this process takes at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
