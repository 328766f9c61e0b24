"""Stored versions of the rules, for commands: which one is meant, what it says, and which one decides."""

import json
import re
from typing import Final

from regia.cli.common import config_errors, fail
from regia.cli.stored import read
from regia.rules.live import Rules
from regia.settings import Settings
from router.load import load
from router.ruleset import Ruleset
from storage import rulesets

_HASH: Final = re.compile(r"(?:sha256:)?(?P<digits>[0-9a-f]*)")
_DIGITS: Final = 8


def is_hash(text: str) -> bool:
    """Whether somebody can mean a version by it."""
    return text.startswith("sha256:") or (len(text) >= _DIGITS and _HASH.fullmatch(text.lower()) is not None)


def full_hash(settings: Settings, beginning: str) -> str:
    """The stored version of this hash, or the only one that begins so; otherwise the command ends."""
    match = _HASH.fullmatch(beginning.lower())
    if match is None or len(match["digits"]) < _DIGITS:
        fail(f"a stored version is sha256: and at least {_DIGITS} of its digits: regia rules versions lists them", status=2)
    begins = f"sha256:{match['digits']}"
    found = read(settings, lambda connection: rulesets.versions(connection, begins, limit=5))
    if len(found) > 1:
        fail(f"several stored versions begin with {begins}, {', '.join(one.hash for one in found)}: give more digits", status=2)
    if not found:
        fail(f"no stored version of the rules begins with {begins}: regia rules versions lists them", status=2)
    return found[0].hash


def stored(settings: Settings, hash_: str) -> Ruleset:
    """A version that is stored; one that this Regia does not take ends the command with what is wrong."""
    sources = read(settings, lambda connection: rulesets.sources_of(connection, hash_))
    with config_errors():
        return load([(name, text) for name, text in json.loads(sources or "[]")])


def deciding(settings: Settings, files: Rules, brand: str) -> Ruleset:
    """What decides for a brand (`*`: for those that have no rules of their own): what was chosen last, else its files."""
    chosen = read(settings, rulesets.active).get(brand)
    known = None if chosen is None else files.version(chosen.hash)
    if chosen is None or known is not None:
        return known or files.live[brand]
    return stored(settings, chosen.hash)
