"""What has no place of its own in an envelope, as fields that rules can read."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from normalizer.inbound import FieldValue, Scalar


def gathered(named: Iterable[tuple[str, FieldValue]]) -> dict[str, FieldValue]:
    """The fields that say something; what is named more than once becomes a list, and nothing is lost."""
    found: dict[str, list[Scalar]] = {}
    lists: set[str] = set()
    for name, value in named:
        given = [one for one in (value if isinstance(value, list) else [value]) if one is not None and one != ""]
        kept = found.setdefault(name, [])
        kept += [one for one in given if one not in kept or isinstance(value, list)]
        lists |= {name} if isinstance(value, list) else set()
    return {name: list(kept) if name in lists or len(kept) > 1 else kept[0] for name, kept in found.items() if kept}


def scalars(data: Mapping[str, Any], known: Container[str] = ()) -> list[tuple[str, FieldValue]]:
    """The scalars of an object but those that are `known`, each as `meta_<key>`. Ids have 64 bits and become strings."""
    return [
        (f"meta_{key}", str(value) if _is_id(key) else value)
        for key, value in data.items()
        if key not in known and isinstance(value, str | int | float)
    ]


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith("_id")
