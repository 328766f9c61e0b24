"""What the router does in another way than docs/rules.md says. Run it: `python -m tests.interpreter.found`.

Each example is a ruleset and a message; where the router is repaired nothing differs, and the example goes, with its lines
in `known.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

from router.load import load
from router.testing import run_tests
from tests.interpreter.comparing import differences
from tests.interpreter.interpreter import Interpreter

HEAD: Final = """categories: {returns: {}, general: {}}
default: general
rules:
  - name: a
    then: {category: returns}
    when:
"""
FOUND: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "an expression that holds is told as failed, for it was never evaluated": (
        """
      expr: "attachments.count == 0"
      all: [{customer.tier: silver}, {expr: customer.new}]
""",
        {"attachments.count": 0},
    ),
    "inside all an expression is told though a plain condition fails": (
        """
      all: [{expr: "attachments.count == 0"}, {customer.tier: silver}]
""",
        {"attachments.count": 1},
    ),
    "an expression is evaluated where another condition of its rule fails": (
        """
      all: [{expr: "attachments.count == 0"}, {customer.messages: "> 3"}]
""",
        {"customer.messages": 1},
    ),
    "a word in a text of an expression is told as a fact": (
        """
      expr: "'text/plain' in attachments.types"
""",
        {"text": "My secret"},
    ),
}


TEST: Final = """categories: {returns: {}, general: {}}
default: general
rules: [{name: a, when: {customer.match: null}, then: {category: returns}}]
tests: [{message: {customer.match: null}, expect: {category: returns}}]
"""
"""A test that says `customer.match: null` gets `new` all the same. Every other fact can be missing in a test."""


def main() -> None:
    failing = [result.mismatches for result in run_tests(load([("rules.yaml", TEST)])) if result.mismatches]
    print("a test cannot say that customer.match is missing", *failing or ["does not differ any more"], sep="\n  ")
    for what, (when, message) in FOUND.items():
        files = [("rules.yaml", HEAD + when.removeprefix("\n"))]
        lines = differences(load(files), Interpreter(files), message)
        print(what, *lines or ["does not differ any more"], sep="\n  ")


if __name__ == "__main__":
    main()
