"""docs/envelope.md shows an envelope that is one, and explains every field of it."""

import re
from typing import Any

import jsonschema
import orjson

from dispatcher.base import Publication
from dispatcher.rounds import CONTENT_TYPE
from dispatcher.topology import INBOUND
from normalizer.envelope import SCHEMA, TYPE, Envelope, MessageData, json_schema
from normalizer.inbound import Kind
from regia.links import LIFETIME
from tests.docs.pages import blocks, read

PAGE = "docs/envelope.md"
(EXAMPLE,) = (orjson.loads(block.text) for block in blocks(PAGE, "json"))


def _missing(shown: Any, whole: Any, at: str = "") -> list[str]:
    """What `whole` has and `shown` does not, or the other way round, by path."""
    if isinstance(shown, dict) and isinstance(whole, dict) and at != "data.fields":
        different = [f"{at}.{key}" for key in sorted(shown.keys() ^ whole.keys())]
        return different + [
            path for key in shown.keys() & whole.keys() for path in _missing(shown[key], whole[key], f"{at}.{key}")
        ]
    if isinstance(shown, list) and isinstance(whole, list):
        return [path for left, right in zip(shown, whole, strict=True) for path in _missing(left, right, f"{at}[]")]
    return []


def test_the_example_fits_the_published_schema() -> None:
    jsonschema.validate(EXAMPLE, json_schema(), format_checker=jsonschema.FormatChecker())


def test_the_example_has_every_field_and_no_other() -> None:
    whole = orjson.loads(Envelope.model_validate(EXAMPLE).model_dump_json())
    assert _missing(EXAMPLE, whole) == []


def test_every_field_of_data_is_explained() -> None:
    tables = read(PAGE)[read(PAGE).index("## `data`: what was said") :]
    assert [name for name in MessageData.model_fields if f"`{name}" not in tables] == []
    assert [kind for kind in Kind.__args__ if f"`{kind}`" not in tables] == []  # type: ignore[attr-defined]


def test_what_it_says_about_the_frame_and_rabbitmq() -> None:
    page = read(PAGE)
    for text in (TYPE, SCHEMA, CONTENT_TYPE, f"`{INBOUND}`", f"{LIFETIME // 86_400} days"):
        assert text in page, text
    some = Publication(
        envelope_id="id", brand="<brand>", target="<target>", channel="<channel>", body=b"", type=TYPE,
        correlation_id="", timestamp=None, attempt=1,  # type: ignore[arg-type]
    )  # fmt: skip
    assert f"`{some.routing_key}`" in page


def test_the_headings_that_other_pages_point_to_are_there() -> None:
    assert re.search(r"^## Doing each contact once$", read(PAGE), re.MULTILINE)
