"""Templates of the rules over HTTP: what agents can choose for a reply, and what would come of it."""

from typing import Any

import orjson
from aiohttp import web

from connectors.errors import Rejected
from desk.refusals import Refused
from desk.wording import Chosen
from regia.gateway import Gateway
from regia.http.access import require
from regia.http.requests import GATEWAY, json_answer
from regia.rules.live import EVERY_BRAND
from router.answers import AnswerTemplate
from router.ruleset import Ruleset
from storage import lookup

_FIELDS = "fields."


async def listed(request: web.Request) -> web.Response:
    """`GET /v1/templates?brand=&message=`: the templates of the rules that decide, of all brands, of one, or of that of a
    message; with it, what each would say in answer to it, for which the scope `messages` is needed too."""
    require(request, "replies")
    gateway = request.app[GATEWAY]
    message = request.query.get("message")
    if message is not None:
        require(request, "messages")
        found = await _of_message(gateway, message.replace("\0", ""))
    else:
        rules, brand = gateway.versions.rules, request.query.get("brand")
        slots = sorted(rules.live) if brand is None else [rules.slot(brand)]
        found = [shown for slot in slots for shown in _all(slot, rules.live[slot])]
    return json_answer({"templates": found})


async def _of_message(gateway: Gateway, message_id: str) -> list[dict[str, Any]]:
    row = await gateway.stores.database.read(lambda connection: lookup.message(connection, message_id))
    if row is None:
        raise Rejected("not_found", "there is no committed message of that id")
    data, rules = orjson.loads(row["envelope"])["data"], gateway.versions.rules
    found = _all(rules.slot(data["brand"]), rules.of(data["brand"]))
    return [one | {"preview": _preview(gateway, row["id"], data, one["name"])} for one in found]


def _all(slot: str, ruleset: Ruleset) -> list[dict[str, Any]]:
    return [_shown(slot, name, ruleset, template) for name, template in sorted(ruleset.answers.templates.items())]


def _shown(slot: str, name: str, ruleset: Ruleset, template: AnswerTemplate) -> dict[str, Any]:
    return {
        "brand": None if slot == EVERY_BRAND else slot,
        "name": name,
        "languages": list(template.texts),
        "fields": fields_of(ruleset, template),
        "whatsapp": None if template.approved is None else template.approved.name,
    }


def fields_of(ruleset: Ruleset, template: AnswerTemplate) -> dict[str, str]:
    """The fields that a template asks for, with their types, by name."""
    asked = sorted(fact.removeprefix(_FIELDS) for fact in template.facts if fact.startswith(_FIELDS))
    return {field: ruleset.fields[field] for field in asked if field in ruleset.fields}


def _preview(gateway: Gateway, message_id: str, data: dict[str, Any], name: str) -> dict[str, Any]:
    """What it would say; `refused` where it cannot."""
    try:
        said = gateway.channels.render(message_id, data, Chosen(name=name))
    except Refused as refused:
        return {"subject": None, "text": None, "refused": refused.reason}
    return {"subject": said.subject, "text": said.text, "refused": None}
