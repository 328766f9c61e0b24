"""A rule that fails while it is evaluated is counted each time, told once with its name, and stops nothing."""

import logging

import pytest

from regia.pipeline.commit import Committed
from regia.pipeline.counting import count
from regia.watch.metrics import COMMITTED, RULE_FAILED
from router.load import load

RULES = """\
categories: {sure: , general: }
default: general
rules:
  - {name: an-amount, when: {expr: "int(text) > 1"}, then: {category: sure}}
  - {name: the-next-one, then: {tags: [t]}}
"""


def committed(text: str) -> Committed:
    ruleset = load([("rules.yaml", RULES)])
    decision = ruleset.route({"text": text})
    assert decision.tags == ("t",)
    return Committed(routed=[("shop", decision.category)], failed=[(ruleset.hash, *one) for one in decision.failed])


def test_told_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    before = RULE_FAILED.labels("an-amount", "invalid argument")._value.get()
    passed = COMMITTED.labels("shop", "general")._value.get()
    for text in ("s3cret", "s3cret, again", "7"):
        count(committed(text))
    assert RULE_FAILED.labels("an-amount", "invalid argument")._value.get() == before + 2
    assert COMMITTED.labels("shop", "general")._value.get() == passed + 2
    [told] = [one for one in caplog.records if one.name == "regia.pipeline.counting"]
    assert (told.levelname, told.rule, told.reason) == ("WARNING", "an-amount", "invalid argument")
    assert told.ruleset.startswith("sha256:")
    assert "s3cret" not in str(vars(told))
