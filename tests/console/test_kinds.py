"""Kinds of contacts in words: Live shows a reaction by them, and every kind has some."""

from typing import get_args

import pytest

from normalizer.advice import Language
from normalizer.inbound import Kind, Reaction
from tests.console.people_of_a_shop import arrives, from_app
from tests.console.scene import Scene
from web.console.texts.kinds import KINDS, kind_name


def test_every_kind_has_words_in_every_language() -> None:
    assert set(KINDS) == set(get_args(Kind))
    for kind, names in KINDS.items():
        assert all(names[language] for language in get_args(Language)), kind
    assert kind_name("of_tomorrow", "it") == "of_tomorrow"


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_a_reaction_is_one_in_words(scene: Scene, role: str) -> None:
    said = from_app("reaction-1", kind="reaction", text=None, reaction=Reaction(emoji="👍"), refers_to="some-message")
    await arrives(scene, "app", said)
    who = await scene.logged_in(await scene.person(f"{role}.kinds", role))  # type: ignore[arg-type]  # a role
    (row,) = (await scene.page("/", who)).css("#rows tr a.said")
    assert " ".join(row.text().split()) == "reazione 👍"
