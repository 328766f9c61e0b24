"""What a customer tapped or filled in of what we had offered: buttons, lists, flows.

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks, messages" (button, interactive).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
import orjson

from connectors.kit.content import NO_FIELDS, Content, flat
from connectors.reading import Part
from normalizer.inbound import Button, FieldValue


def button(message: Part) -> Content:
    """A tap on a button of a template."""
    tap = message.part("button")
    title = tap.optional_text("text")
    return Content(kind="postback", text=title, button=Button(id=tap.optional_text("payload"), title=title))


def interactive(message: Part) -> Content:
    """An answer to what we had offered. Raises `Misshapen`."""
    answer = message.part("interactive")
    kind = answer.ident("type")
    reader = _ANSWERS.get(kind)
    return _unknown(answer.hints(kind), kind) if reader is None else reader(answer.part(kind))


def _unknown(reply: Part, kind: str) -> Content:
    """A kind of tomorrow: a form where it has answers, a tap where it names what was tapped."""
    named: dict[str, FieldValue] = {"whatsapp_type": f"interactive.{kind}"}
    if reply.hint("response_json"):
        found = _flow(reply)
        return msgspec.structs.replace(found, fields={**named, **found.fields})
    tapped = Button(id=reply.optional_ident("id"), title=reply.hint("title"))
    rest = {key: value for key, value in reply.data.items() if value not in (tapped.id, tapped.title)}
    fields = named | flat(rest, "whatsapp")
    if tapped == Button():
        return Content(kind="unsupported", fields=fields)
    return Content(kind="postback", text=tapped.title, button=tapped, fields=fields)


def _choice(reply: Part) -> Content:
    title = reply.optional_text("title")
    description = reply.hint("description")
    return Content(
        kind="postback",
        text=title,
        button=Button(id=reply.ident("id"), title=title),
        fields={"whatsapp_description": description} if description else NO_FIELDS,
    )


def _flow(reply: Part) -> Content:
    answers = reply.optional_text("response_json")
    return Content(kind="form", text=reply.optional_text("body"), fields=_flow_fields(answers) if answers else NO_FIELDS)


def _flow_fields(answers: str) -> Mapping[str, FieldValue]:
    """A flow's answers come as JSON inside a string. What is no flat object is kept as that string."""
    try:
        found = orjson.loads(answers)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"whatsapp_response": answers}
    return {key: _field(value) for key, value in found.items()}


def _field(value: Any) -> FieldValue:
    if isinstance(value, list) and all(not isinstance(item, list | dict) for item in value):
        return value
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _call_permission(reply: Part) -> Content:
    return Content(kind="postback", button=Button(id=f"call_permission:{reply.ident('response')}"))


_ANSWERS: Final[Mapping[str, Callable[[Part], Content]]] = MappingProxyType(
    {"button_reply": _choice, "list_reply": _choice, "nfm_reply": _flow, "call_permission_reply": _call_permission}
)
