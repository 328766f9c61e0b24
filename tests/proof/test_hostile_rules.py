"""All hostile patterns, rules files and expressions; tests/hostile_rules has a sample of them for each run."""

import os
from typing import Final

import pytest

from tests.config.composing import both
from tests.config.test_composing import made
from tests.hostile_rules.expressions import BOUNDED, FAILING, REFUSED
from tests.hostile_rules.files import FILES, wrong_types
from tests.hostile_rules.patterns import PATTERNS
from tests.hostile_rules.test_files import attack as attack_with_files
from tests.hostile_rules.test_files import attack_places
from tests.hostile_rules.test_patterns import attack as attack_with_pattern
from tests.proof.figures import record

SEED: Final = os.environ.get("SEED", "20261121")
TEXTS: Final = 1_000


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_every_hostile_piece_is_refused_or_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for pattern in PATTERNS:
        attack_with_pattern(pattern)
    attack_with_files(list(FILES))
    places = wrong_types()
    attack_places(places)
    for text in made(SEED, TEXTS):
        usual, alone = both(text, monkeypatch)
        assert usual.outcome == alone.outcome, repr(text)
    expressions = len(REFUSED) + len(BOUNDED) + len(FAILING)
    record(
        "hostile rules", patterns=len(PATTERNS), files=len(FILES), places=len(places), expressions=expressions, texts=3 * TEXTS
    )
