"""The channels there are: one line each, nothing is found by scanning.

A channel of another distribution is registered by an entry point of the group `regia.connectors` whose object is
a `connectors.base.Channel`; it is loaded only when a configuration names it, and cannot replace one of ours.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

from connectors.api import Api
from connectors.api_settings import ApiSettings
from connectors.base import Channel, Connector, S, WayIn
from connectors.email import EmailConnector, EmailSettings
from connectors.form_settings import WebFormSettings
from connectors.mailgun import Mailgun, MailgunSettings
from connectors.postmark import Postmark, PostmarkSettings
from connectors.ses import Ses, SesSettings
from connectors.web_form import WebForm
from connectors.whatsapp import WhatsApp, WhatsAppSettings

GROUP: Final = "regia.connectors"


class UnknownChannel(LookupError):
    """No channel has that name, or the package that announces it does not hold up. The text says what to write instead."""


def _line(channel: Channel[S]) -> Channel[Any]:
    """Erases the settings type only after the type checker has matched settings, class and contract."""
    return channel


def _mail(
    name: str, settings: type[S], connector: Callable[[str, S], Connector], *, way_in: WayIn = "webhook", **example: Any
) -> Channel[Any]:
    """A way of mail: all are read apart and can answer."""
    return Channel(
        name=name,
        settings=settings,
        connector=connector,
        way_in=way_in,
        isolated=True,
        capabilities=frozenset({"send"}),
        example={**_BRAND, "address": "support@example.com", **example},
    )


_BRAND: Final = {"brand": "example"}

CHANNELS: Final[tuple[Channel[Any], ...]] = (
    _line(Channel(name="whatsapp", settings=WhatsAppSettings, connector=WhatsApp, capabilities=frozenset({"send", "fetch"}))),
    _line(Channel(name="web_form", settings=WebFormSettings, connector=WebForm, way_in="form", example=_BRAND)),
    _line(Channel(name="api", settings=ApiSettings, connector=Api, way_in="api")),
    _mail("email", EmailSettings, EmailConnector, way_in="import"),
    _mail("mailgun", MailgunSettings, Mailgun, signing_key="x"),
    _mail("postmark", PostmarkSettings, Postmark, password="x"),  # noqa: S106  # of an example
    _mail("ses", SesSettings, Ses, topics=["arn:aws:sns:eu-west-1:123456789012:mail"]),
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
