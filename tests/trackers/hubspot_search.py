"""HubSpot's CRM search ("Search the CRM"): groups are ORed, filters in a group ANDed; times compare as points in time."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.trackers.hubspot_shapes import Property, as_ms

MOST_FOUND = 10_000
NEEDS = {
    "value": {"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN", "BETWEEN"},
    "highValue": {"BETWEEN"},
    "values": {"IN", "NOT_IN"},
}

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda held, asked: held == asked,
    "NEQ": lambda held, asked: held != asked,
    "LT": lambda held, asked: held < asked,
    "LTE": lambda held, asked: held <= asked,
    "GT": lambda held, asked: held > asked,
    "GTE": lambda held, asked: held >= asked,
}


def fault(wanted: Mapping[str, Any], properties: Mapping[str, Property]) -> str | None:
    """Why HubSpot refuses this filter."""
    name, operator = wanted["propertyName"], wanted["operator"]
    if name.startswith("associations."):
        return None if operator in ("EQ", "IN") else f"operator {operator} with {name}"
    if name not in properties:
        return f"unknown property {name}"
    needed = {key for key, operators in NEEDS.items() if operator in operators}
    if missing := needed - wanted.keys():
        return f"{operator} needs {missing}"
    return _bad_value(wanted, properties[name])


def _bad_value(wanted: Mapping[str, Any], made: Property) -> str | None:
    if made.type == "string" and any(value != value.lower() for value in wanted.get("values", [])):
        return "values of IN and NOT_IN for a string property must be lowercase"
    if made.type == "datetime" and any(as_ms(wanted[key]) is None for key in ("value", "highValue") if key in wanted):
        return f"{made.name} is compared with something that is no point in time"
    return None


def matches(held: str | None, wanted: Mapping[str, Any], made: Property) -> bool:
    """Whether a property's value passes the filter; what is not known passes only `NOT_…` and NEQ."""
    operator: str = wanted["operator"]
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return bool(held) == (operator == "HAS_PROPERTY")
    if not held:
        return operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN")
    if operator in ("IN", "NOT_IN"):
        return bool((held.lower() in [value.lower() for value in wanted["values"]]) == (operator == "IN"))
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return bool((wanted["value"].strip("*").lower() in held.lower()) == (operator == "CONTAINS_TOKEN"))
    comparable = _comparable(made)
    if operator == "BETWEEN":
        low, high = comparable(wanted["value"]), comparable(wanted["highValue"])
        return bool(low <= comparable(held) <= high)
    return _COMPARED[operator](comparable(held), comparable(wanted["value"]))


def order(sorts: list[Any], properties: Mapping[str, Property]) -> tuple[Property, bool] | str | None:
    """The property to sort by and whether descending; what is wrong with it; None when unsorted."""
    if not sorts:
        return None
    (asked,) = sorts
    if isinstance(asked, str):
        name, down = asked.removeprefix("-"), asked.startswith("-")
    else:
        name, down = asked["propertyName"], asked.get("direction") == "DESCENDING"
    return (properties[name], down) if name in properties else f"cannot sort by {name}"


def sort_key(made: Property) -> Callable[[str | None], tuple[bool, Any]]:
    """Unknown values come first."""
    comparable = _comparable(made)
    return lambda held: (bool(held), comparable(held) if held else 0)


def _comparable(made: Property) -> Callable[[str], Any]:
    if made.type == "datetime":
        return as_ms
    if made.type == "number":
        return float
    return str.lower
