"""What the page New contact shows, out of the configuration and what is stored."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from connectors.api import Api
from connectors.api_settings import ApiSettings
from normalizer.advice import Language
from normalizer.fields import FieldSpec, label_of, localised
from regia import by_hand
from regia.gateway import Gateway
from storage.bulk import among, ids_parameter
from storage.schema import customers, handles, messages
from web.console.new import CustomerFound, FieldShown, Ringing, Where

RINGS_MS: Final = 3 * 60_000
"""A call of which nothing more was told rings no longer than that."""
_RINGING: Final = frozenset({"ringing", "incoming", "initiated", "queued"})
_CALLS: Final = 200
_ORDER: Final = {"phone": 0, "email": 1}
_CONTROLS: Final = {"boolean": "checkbox", "date": "date", "choice": "select"}


def places(gateway: Gateway) -> list[Where]:
    """Where a contact can be put: every connector that programs of ours use, with its brands and channels."""
    found = []
    for name in gateway.configured.of_type("api"):
        settings = _settings(gateway, name)
        if settings is None or not settings.tokens:
            continue
        for brand in dict.fromkeys((settings.brand, *settings.brands)):
            trusts = "agent" in settings.trusted_proofs
            found += [Where(connector=name, brand=brand, channel=one, trusts_agents=trusts) for one in settings.channels]
    return found


def declared(gateway: Gateway, connectors: Iterable[str], language: Language) -> tuple[FieldShown, ...]:
    """The fields of these connectors, each once."""
    found: dict[str, FieldShown] = {}
    for connector in dict.fromkeys(connectors):
        settings = _settings(gateway, connector)
        for name, spec in (settings.fields if settings else {}).items():
            found.setdefault(name, _shown(name, spec, language))
    return tuple(found.values())


def names_of(gateway: Gateway, connector: str) -> set[str]:
    """The names of a connector's fields."""
    settings = _settings(gateway, connector)
    return set(settings.fields) if settings else set()


def of_link(connection: Connection, link: str) -> CustomerFound | None:
    """The customer whose address this is; None where it is nobody's any more."""
    row = connection.execute(select(handles).where(handles.c.id == link, handles.c.ended_ms.is_(None))).mappings().one_or_none()
    if row is None:
        return None
    name = connection.execute(select(customers.c.name).where(customers.c.id == row["customer_id"])).scalar_one_or_none()
    return CustomerFound(id=row["customer_id"], name=name or "", link=link, kind=row["kind"], value=row["value"], others=0)


def ringing(connection: Connection) -> list[Ringing]:
    """Telephones that ring now, the newest first."""
    since = by_hand.now_ms() - RINGS_MS
    columns = (messages.c.id, messages.c.connector, messages.c.external_id, messages.c.received_ms, messages.c.envelope)
    query = select(*columns, handles.c.customer_id).outerjoin(handles, handles.c.id == messages.c.handle_id)
    query = query.where(messages.c.received_ms > since, messages.c.kind == "call").order_by(messages.c.received_ms.desc())
    last: dict[tuple[str, str], Any] = {}
    for row in connection.execute(query.limit(_CALLS)):
        last.setdefault((row.connector, row.external_id), row)
    return [one for row in last.values() if (one := _ringing(row)) is not None]


def call(connection: Connection, id_: str) -> tuple[Ringing, str] | None:
    """A call and the link of its caller, whether or not it rings still."""
    query = select(messages, handles.c.customer_id.label("whose")).outerjoin(handles, handles.c.id == messages.c.handle_id)
    row = connection.execute(query.where(messages.c.id == id_, messages.c.kind == "call")).mappings().one_or_none()
    return None if row is None else (_call(row["id"], row["received_ms"], row["envelope"], row["whose"]), row["handle_id"])


def _ringing(row: Any) -> Ringing | None:
    told = orjson.loads(row.envelope)["data"]["call"] or {}
    rings = told.get("direction") == "inbound" and told.get("state") in _RINGING
    return _call(row.id, row.received_ms, row.envelope, row.customer_id) if rings else None


def _call(id_: str, at_ms: int, envelope: bytes, customer: str | None) -> Ringing:
    data = orjson.loads(envelope)["data"]
    sender = data["sender"]
    return Ringing(
        id=id_,
        at_ms=at_ms,
        customer_id=customer or data["customer"]["id"],
        name=data["customer"]["name"] or sender["name"] or "",
        kind=sender["handle"]["kind"],
        value=sender["handle"]["value"],
        line=data["account"] or data["connector"],
    )


def with_addresses(connection: Connection, ids: Sequence[str]) -> list[CustomerFound]:
    """These customers in that order, each with an address by which a contact is theirs; who has none is left out."""
    names = select(customers.c.id, customers.c.name).where(among(connection, customers.c.id))
    named = {row.id: row.name for row in connection.execute(names, ids_parameter(connection, ids))}
    query = select(handles.c.id, handles.c.customer_id, handles.c.kind, handles.c.value)
    query = query.where(among(connection, handles.c.customer_id), handles.c.ended_ms.is_(None))
    links: dict[str, list[Any]] = {}
    for row in connection.execute(query.order_by(handles.c.seen_ms.desc()), ids_parameter(connection, ids)):
        links.setdefault(row.customer_id, []).append(row)
    shown = []
    for id_ in ids:
        own = sorted(links.get(id_, ()), key=lambda row: _ORDER.get(row.kind, 2))
        if own:
            first = own[0]
            name, others = named.get(id_) or "", len(own) - 1
            shown.append(CustomerFound(id=id_, name=name, link=first.id, kind=first.kind, value=first.value, others=others))
    return shown


def _settings(gateway: Gateway, name: str) -> ApiSettings | None:
    connector = gateway.configured.connectors.get(name)
    return connector.settings if isinstance(connector, Api) else None


def _shown(name: str, spec: FieldSpec, language: Language) -> FieldShown:
    choices = spec.choices if isinstance(spec.choices, dict) else {one: one for one in spec.choices}
    return FieldShown(
        name=name,
        label=label_of(name, spec, language),
        control=_CONTROLS.get(spec.type, "text"),
        choices=tuple((value, localised(text, language) or value) for value, text in choices.items()),
        required=spec.required,
    )
