"""Each hostile file is loaded, or ends as errors with places: never as anything else, and within bounds of time and memory."""

import json
import random
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from router.ruleset import Ruleset
from tests.hostile_rules.files import FILES, wrong_types
from tests.hostile_rules.loading import loaded

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


def test_a_sample_of_hostile_files() -> None:
    rng = random.Random("files")  # noqa: S311 - sample data
    attack(rng.sample([name for name in FILES if name not in SLOW], 80))


def test_a_sample_of_wrong_types_at_each_place() -> None:
    rng = random.Random("places")  # noqa: S311 - sample data
    attack_places(rng.sample(wrong_types(), 500))
