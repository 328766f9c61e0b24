"""Random rulesets with random messages, through the router and the interpreter."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.document import ConfigError
from router.load import load
from tests.interpreter.comparing import differences
from tests.interpreter.generator import Generator, Ruleset
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.messages import Messages
from tests.interpreter.shrinking import shrink

Pair = tuple[Ruleset, Mapping[str, Any]]
REFUSED: Final = "the router refuses it: "


def compared(ruleset: Ruleset, message: Mapping[str, Any], model: type[Interpreter] = Interpreter) -> list[str]:
    """What differs for one pair."""
    files = ruleset.files()
    try:
        real = load(files)
    except ConfigError as error:
        return [REFUSED + "; ".join(str(problem) for problem in error.problems)]
    return differences(real, model(files), message)


def run(seed: str, messages: int, seen: Counter[tuple[str, bool]], model: type[Interpreter] = Interpreter) -> Iterator[Pair]:
    """One ruleset with so many messages: the pairs that differ. What the conditions did is counted in `seen`."""
    ruleset = Generator(seed).ruleset()
    files = ruleset.files()
    try:
        real = load(files)
    except ConfigError:
        yield ruleset, {}
        return
    interpreter = model(files)
    drawn = Messages(ruleset)
    for _ in range(messages):
        message = drawn.message()
        if differences(real, interpreter, message):
            yield ruleset, message
    seen.update(interpreter.seen)


def batch(seed: str, numbers: range, messages: int) -> tuple[list[str], Counter[tuple[str, bool]]]:
    """Several rulesets, to be run in a process of their own: what differs first, made short, and what was reached."""
    seen: Counter[tuple[str, bool]] = Counter()
    for number in numbers:
        for pair in run(f"{seed} {number}", messages, seen):
            return [short(pair)], seen
    return [], seen


def short(pair: Pair, model: type[Interpreter] = Interpreter) -> str:
    """A failing pair made short, with what differs."""
    ruleset, message = pair
    refused = compared(ruleset, message, model)[0].startswith(REFUSED)

    def fails(smaller: Ruleset, less: Mapping[str, Any]) -> bool:
        try:
            found = compared(smaller, less, model)
        except Exception:  # noqa: BLE001  # what is no ruleset any more, the interpreter cannot read
            return False
        return bool(found) and found[0].startswith(REFUSED) is refused

    if refused:
        return f"seed {ruleset.seed}: {compared(ruleset, message, model)}"
    if not refused:
        ruleset, message = shrink(ruleset, message, fails)
    files = "\n".join(f"--- {name}\n{text}" for name, text in ruleset.files())
    return "\n".join([f"seed {ruleset.seed}", files, f"message {message!r}", *compared(ruleset, message, model)])
