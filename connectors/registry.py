"""The channels there are: one line each, nothing is found by scanning.

A channel of another distribution is registered by an entry point of the group `regia.connectors` whose object is
a `connectors.base.Channel`; it is loaded only when a configuration names it, and cannot replace one of ours.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

from connectors import (
    api,
    chat,
    declared,
    email,
    instagram,
    line,
    mailgun,
    messenger,
    pbx,
    postmark,
    ses,
    telegram,
    twilio,
    twilio_voice,
    viber,
    web_form,
    wechat,
    whatsapp,
    x,
)
from connectors.base import Channel

GROUP: Final = "regia.connectors"


class UnknownChannel(LookupError):
    """No channel has that name, or the package that announces it does not hold up. The text says what to write instead."""


CHANNELS: Final[tuple[Channel[Any], ...]] = (
    whatsapp.CHANNEL,
    messenger.CHANNEL,
    instagram.CHANNEL,
    telegram.CHANNEL,
    line.CHANNEL,
    viber.CHANNEL,
    wechat.CHANNEL,
    x.CHANNEL,
    twilio.CHANNEL,
    twilio_voice.CHANNEL,
    pbx.CHANNEL,
    declared.CHANNEL,
    web_form.CHANNEL,
    chat.CHANNEL,
    api.CHANNEL,
    email.CHANNEL,
    mailgun.CHANNEL,
    postmark.CHANNEL,
    ses.CHANNEL,
)

_BUILT_IN: Final[Mapping[str, Channel[Any]]] = MappingProxyType({channel.name: channel for channel in CHANNELS})


def _announced() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def known(announced: Callable[[], Mapping[str, EntryPoint]] = _announced) -> tuple[str, ...]:
    """Every word that may stand in `type:`, sorted."""
    return tuple(sorted({*_BUILT_IN, *announced()}))


def find(name: str, announced: Callable[[], Mapping[str, EntryPoint]] = _announced) -> Channel[Any]:
    """The channel called `name`. Raises `UnknownChannel`, which lists the names there are."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    point = announced().get(name)
    if point is None:
        raise UnknownChannel(f"there is no channel type {name!r}; known types: {', '.join(known(announced))}")
    return _load(point)


def _load(point: EntryPoint) -> Channel[Any]:
    try:
        channel = point.load()
    except (ImportError, AttributeError) as error:
        raise UnknownChannel(f"channel type {point.name!r}: {point.value} cannot be imported; repair or remove it") from error
    if not isinstance(channel, Channel) or channel.name != point.name:
        raise UnknownChannel(f"channel type {point.name!r}: {point.value} is not a connectors.base.Channel of that name")
    return channel
