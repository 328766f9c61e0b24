"""Each hostile file is loaded, or ends as errors with places: never as anything else, and within bounds of time and memory."""

import gc
import json
import random
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from router.ruleset import Ruleset
from tests.hostile_rules.files import FILES, wrong_types
from tests.hostile_rules.loading import HEAD, loaded

ROOT = Path(__file__).parents[2]
SECONDS = 30.0
"""For one file: what two megabytes of values take ruamel.yaml on a machine that others use."""
SLOW = {"two_megabytes_of_empty_items", "many_items_in_any", "two_megabytes_same_key", "many_tests"}


def attack(names: Collection[str]) -> None:
    """Load them in a process of its own, with little memory."""
    command = [sys.executable, "-m", "tests.hostile_rules.read_all", *names]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    rows: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [row["name"] for row in rows] == list(names), f"ended with {ran.returncode}: {ran.stderr[-500:]}"
    assert {row["name"]: row["fault"] for row in rows if "fault" in row} == {}
    assert {row["name"]: row["seconds"] for row in rows if row["seconds"] > SECONDS} == {}


def attack_places(made: Collection[tuple[str, str]]) -> None:
    for name, text in made:
        outcome = loaded(text)
        if isinstance(outcome, Ruleset):
            assert outcome.route({"channel": "x", "text": "x"}).category in outcome.categories, name


def test_there_are_more_than_three_hundred() -> None:
    assert len(FILES) > 250
    assert len({text for _, text in wrong_types()}) > 1_500


@pytest.mark.sample
def test_a_sample_of_hostile_files() -> None:
    rng = random.Random("files")  # noqa: S311 - sample data
    attack(rng.sample([name for name in FILES if name not in SLOW], 80))


@pytest.mark.sample
def test_a_sample_of_wrong_types_at_each_place() -> None:
    rng = random.Random("places")  # noqa: S311 - sample data
    attack_places(rng.sample(wrong_types(), 500))


def test_what_ended_the_process_or_the_flow_is_refused_where_it_stands() -> None:
    long = f"{HEAD}rules: [{{name: r, when: {{text: {{words: {'x' * 1_001}}}}}, then: {{tags: t}}}}]\n"
    assert loaded(long) == ["rules.yaml:4:40: rules[0].when.text.words: has more than 1,000 characters (look for a part of it)"]
    assert isinstance(loaded(long.replace("xx", "x", 1)), Ruleset)
    late = f"{HEAD}rules: [{{name: r, then: {{sla: {{first_reply: 87601h}}}}}}]\n"
    assert loaded(late) == [
        "rules.yaml:4:45: rules[0].then.sla.first_reply: must be a duration of at most 3650d (for example 30m, 4h, 1h30m or 2d)"
    ]
    assert isinstance(loaded(late.replace("87601h", "3650d")), Ruleset)


def test_the_collector_is_left_as_it_was() -> None:
    """Loading has it wait, also where it ends with errors."""
    for text in (HEAD, "a: ["):
        loaded(text)
        assert gc.isenabled()
    gc.disable()
    try:
        loaded(HEAD)
        assert not gc.isenabled()
    finally:
        gc.enable()
