"""What runs in the process that tries rules for somebody who is writing them: one attempt at a time, bounded, and gone when the
gateway is. Rules in, plain values out."""

import signal
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from config.problems import ConfigError, Problem
from regia.pipeline.confined import be_mute, bound, end_with_the_gateway
from router.checking import check
from router.differing import Change, changes
from router.explain import as_data
from router.load import Messages, load_to_try, ruleset_hash
from router.model import Decision, Place
from router.ruleset import Ruleset
from router.testing import Mismatch, run_tests
from router.vocabulary import Facts
from router.wording import ENGLISH, Words

Sources = tuple[tuple[str, str], ...]
"""Files as (name, text)."""

MESSAGE: Final = "message"
"""The name under which the facts of a message have their places."""
_KEPT: Final = 4
"""Versions that stay loaded: the one that is being written, the live one, and those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Rules, those that decide now, and a message: its facts as `tests:` write them, and those given by themselves. `words`:
    how conditions are said."""

    sources: Sources
    live: Sources
    message: str
    given: Mapping[str, str]
    words: Words = ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of it. With problems, of the rules or of the message, there is no decision. `explained` is as
    `router.explain.as_data` gives it; `moves` is what differs from what decides now, None where that cannot be asked."""

    problems: tuple[Problem, ...] = ()
    wrong_message: tuple[Problem, ...] = ()
    decision: Decision | None = None
    explained: Mapping[str, Any] | None = None
    moves: tuple[Change, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """One of the rules' own tests."""

    name: str
    place: Place
    mismatches: tuple[Mismatch, ...]
    decided_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A warning of `router.checking`."""

    kind: str
    place: Place
    name: str
    message: str


def prepare(memory: int) -> None:
    """The process's first act. `memory`: bytes it may take above what it has now."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_the_gateway()
    bound(memory)
    be_mute()


def ready() -> bool:
    """The process stands."""
    return True


def attempt(given: Attempt) -> Decided:
    """Decide about the message."""
    try:
        ruleset, messages = _loaded(given.sources)
    except ConfigError as error:
        return Decided(problems=error.problems)
    try:
        facts = _facts(messages, given)
    except ConfigError as error:
        return Decided(wrong_message=error.problems)
    decision = ruleset.route(facts)
    moves = _moves(given, decision)
    return Decided(decision=decision, explained=as_data(ruleset, decision.explanation, given.words), moves=moves)


def tested(sources: Sources) -> tuple[Tested, ...] | None:
    """The rules' own tests; None where the rules cannot be loaded."""
    try:
        ruleset, _ = _loaded(sources)
    except ConfigError:
        return None
    return tuple(Tested(one.name, one.place, one.mismatches, one.decision.decided_by) for one in run_tests(ruleset))


def checked(sources: Sources, known: Mapping[str, frozenset[str]], words: Words = ENGLISH) -> tuple[Told, ...]:
    """What they may have wrong though they load; nothing where they do not. `known` as for `router.checking.check`."""
    try:
        ruleset, _ = _loaded(sources)
    except ConfigError:
        return ()
    return tuple(Told(one.kind, one.place, one.name, one.message) for one in check(ruleset, known, words))


def problems_of(sources: Sources) -> tuple[Problem, ...]:
    """Why they cannot be loaded; nothing where they can."""
    try:
        _loaded(sources)
    except ConfigError as error:
        return error.problems
    return ()


def _facts(messages: Messages, given: Attempt) -> Facts:
    """Raises ConfigError."""
    return {**messages.read(given.message, MESSAGE), **{name: value for name, value in given.given.items() if value}}


def _moves(given: Attempt, decision: Decision) -> tuple[Change, ...] | None:
    try:
        live, messages = _loaded(given.live)
        return changes(live.route(_facts(messages, given)), decision)
    except ConfigError:  # a field that only the new rules declare, or a version of an older program
        return None


_loaded_before: Final[OrderedDict[str, tuple[Ruleset, Messages]]] = OrderedDict()


def _loaded(sources: Sources) -> tuple[Ruleset, Messages]:
    """Raises ConfigError."""
    # Places carry the names of files: the same texts under other names are other rules here.
    key = ruleset_hash([part for source in sources for part in source])
    found = _loaded_before.pop(key, None) or load_to_try(sources)
    _loaded_before[key] = found
    while len(_loaded_before) > _KEPT:
        _loaded_before.popitem(last=False)
    return found
