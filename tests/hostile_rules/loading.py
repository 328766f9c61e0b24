"""Rules files made of one hostile piece, and what may come of loading them: a ruleset, or errors with places."""

import json
import re
from typing import Final

from config.document import ConfigError
from router.load import load
from router.ruleset import Ruleset

HEAD: Final = "categories: {miss: , hit: }\nfields: {note: text, total: number}\ndefault: miss\n"
_PLACE: Final = re.compile(r"rules\.yaml(:\d+:\d+)?: .")


def rules_with(when: object, **more: object) -> str:
    """A file with one rule. JSON is YAML, but for half surrogate pairs, which YAML cannot spell."""
    written = "".join(f"{key}: {json.dumps(value)}\n" for key, value in more.items())
    return f"{HEAD}{written}rules:\n  - name: r\n    when: {json.dumps(when)}\n    then: {{category: hit}}\n"


def loaded(text: str) -> Ruleset | list[str]:
    """The ruleset, or what is wrong, each with its place; anything else that happens is a fault."""
    try:
        return load([("rules.yaml", text)])
    except ConfigError as error:
        told = [str(problem) for problem in error.problems]
    assert told
    assert all(_PLACE.match(one) for one in told), told
    assert all(len(one) < 1_500 for one in told), told
    return told
