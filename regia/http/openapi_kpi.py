"""The description of figures."""

from typing import Any

from desk.kpi.definitions import DIMENSIONS, KPIS, SPANS
from regia.http.described import answer, choice, operation, query


def paths() -> dict[str, Any]:
    """The address of figures."""
    which = [
        query("kpi", f"Which, several times for several; without any, all: {', '.join(KPIS)}."),
        query("since", "From this day or time on; 30 days ago where it is left out."),
        query("until", "Before this day or time; now where it is left out."),
        query("zone", "The time zone of days and times, such as Europe/Rome."),
        query("by", f"{', '.join((*SPANS, *DIMENSIONS))} or field.NAME; empty for no groups; twice: by both at once."),
        *(query(name, "Several times: one of them.") for name in ("brand", "channel", "category", "tag")),
        query("field", "NAME=VALUE."),
        choice("format", ("json", "csv")),
    ]
    found = answer("The figures.", _figures())
    found["content"]["text/csv"] = {"schema": {"type": "string"}}
    return {"/v1/kpi": {"get": operation("Figures of a period.", {"200": found}, parameters=which, secured=True)}}


def _figures() -> dict[str, Any]:
    number, text = {"type": ["number", "null"]}, {"type": ["string", "null"]}
    line = {
        "type": "object",
        "properties": {
            "group": text,
            "across": text,
            "count": {"type": "integer"},
            "share": number,
            "measured": {"type": ["integer", "null"]},
            **dict.fromkeys(("mean", "median", "p90"), number),
            "parts": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }
    one = {
        "type": "object",
        "properties": {
            **{name: {"type": "string"} for name in ("kpi", "unit", "meaning", "since", "until")},
            "by": text,
            "across": text,
            "all": line,
            "groups": {"type": "array", "items": line},
        },
    }
    return {"type": "object", "required": ["kpis"], "properties": {"kpis": {"type": "array", "items": one}}}
