"""Rulesets that bring their own tests, with what the interpreter says they must get (docs/rules.md, Tests)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from config.document import ConfigError
from router.load import load
from router.testing import run_tests
from tests.interpreter.generator import FIELDS, Generator, Ruleset
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.messages import Messages

EXPECTED: Final = ("category", "targets", "priority", "tags", "owners", "product", "playbook", "decided_by")


def wrong_cases(seed: str, messages: int) -> list[str]:
    """Tests that `regia rules test` would not pass though the interpreter does, or would pass though they are wrong."""
    ruleset = Generator(seed).ruleset()
    interpreter = Interpreter(ruleset.files())
    drawn = Messages(ruleset)
    cases = []
    for number in range(messages):
        message = _for_a_test(ruleset, drawn.message())
        expect = _expected(interpreter, message)
        cases.append({"name": f"right {number}", "message": message, "expect": expect})
        wrong = {**expect, "priority": (expect["priority"] + 1) % 10}
        cases.append({"name": f"wrong {number}", "message": message, "expect": wrong})
    return _failing(replace(ruleset, documents={**ruleset.documents, "tests.yaml": {"tests": cases}}))


def _failing(ruleset: Ruleset) -> list[str]:
    files = ruleset.files()
    try:
        results = run_tests(load(files))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return [
        f"{ruleset.seed}: {result.name}: {result.mismatches}"
        for result in results
        if bool(result.mismatches) is not (result.name or "").startswith("wrong")
    ]


def _for_a_test(ruleset: Ruleset, message: Mapping[str, Any]) -> dict[str, Any]:
    """All facts that the ruleset asks for, as a test gives them: `null` for what is missing, to the second."""
    names = dict.fromkeys((*ruleset.literals, "text", "subject", *(f"fields.{name}" for name in FIELDS)))
    given = {name: message.get(name) for name in names if not name.startswith(("hours.", "date.", "weekday.", "holiday."))}
    given |= {name: value for name, value in message.items() if name not in given}
    given["received"] = None if given.get("received") is None else f"{given['received'][:19]}Z"
    found = {name: sorted(value) if isinstance(value, frozenset | tuple) else value for name, value in given.items()}
    return {name: value if value not in ("", []) else None for name, value in found.items() if name != "received" or value}


def _expected(interpreter: Interpreter, message: Mapping[str, Any]) -> dict[str, Any]:
    received = message.get("received")
    decision = interpreter.route({**message, "received": received and received.replace("Z", ".000Z")}).decision
    return {name: decision[name] for name in EXPECTED} | {"discard": decision["discard"] or False}
