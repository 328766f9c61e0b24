"""The list of channels, and how another distribution adds one."""

from importlib.metadata import EntryPoint

import pytest

from connectors.base import Channel
from connectors.registry import CHANNELS, GROUP, UnknownChannel, find, known
from connectors.whatsapp import ABILITIES, WhatsApp, WhatsAppSettings

pigeon: Channel[WhatsAppSettings] = Channel(name="pigeon", settings=WhatsAppSettings, connector=WhatsApp, abilities=ABILITIES)
not_a_channel = "pigeon"


def announced(name: str, value: str) -> dict[str, EntryPoint]:
    return {name: EntryPoint(name=name, value=value, group=GROUP)}


def test_every_line_has_a_name_of_its_own_and_settings_that_know_it() -> None:
    names = [channel.name for channel in CHANNELS]
    assert len(set(names)) == len(names)
    assert all("type" in channel.settings.model_fields for channel in CHANNELS)
    assert [find(name).name for name in names] == names


def test_an_unknown_type_names_those_there_are() -> None:
    with pytest.raises(UnknownChannel, match=r"no channel type 'telex'; known types: .*pigeon.*whatsapp"):
        find("telex", lambda: announced("pigeon", f"{__name__}:pigeon"))


def test_another_package_adds_a_channel() -> None:
    points = announced("pigeon", f"{__name__}:pigeon")
    assert find("pigeon", lambda: points) is pigeon
    assert "pigeon" in known(lambda: points)


def test_another_package_cannot_replace_one_of_ours() -> None:
    assert find("whatsapp", lambda: announced("whatsapp", f"{__name__}:pigeon")).name == "whatsapp"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pigeon", "no_such_package_anywhere:channel"),
        ("pigeon", f"{__name__}:no_such_name"),
        ("pigeon", f"{__name__}:not_a_channel"),
        ("dove", f"{__name__}:pigeon"),
    ],
)
def test_an_announcement_that_does_not_hold_is_explained(name: str, value: str) -> None:
    with pytest.raises(UnknownChannel, match=f"channel type '{name}'"):
        find(name, lambda: announced(name, value))
