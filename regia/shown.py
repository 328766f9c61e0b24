"""Views as JSON: for the HTTP interface, and for programs that read the command line."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from identity.profiles import Changed
from normalizer.envelope_data import from_ms

_MS: Final = "_ms"


def as_data(value: Any) -> Any:
    """A view as JSON has it: `since_ms`, in milliseconds since 1970, becomes `since`, in RFC 3339."""
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_field(one.name, getattr(value, one.name)) for one in fields(value))
    if isinstance(value, Mapping):
        return {str(name): as_data(one) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [as_data(one) for one in value]
    return value


def changed(done: Changed) -> dict[str, Any]:
    """What became of facts that were set."""
    proved = done.proved
    crm = proved and {"outcome": proved.outcome, "customer": proved.customer_id, "guard": proved.guard}
    return {"customer": done.customer_id, "changed": done.fields, "crm": crm}


def _field(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith(_MS):
        return name.removesuffix(_MS), None if value is None else from_ms(value)
    return name, as_data(value)
