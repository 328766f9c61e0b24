"""Topics of a form: which fields each asks for, what becomes of the others, and settings that do not hold together."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import Rejected
from connectors.form_settings import WebFormSettings
from connectors.form_topics import read_articles
from tests.connectors.test_web_form import form, only, post

TOPICS: dict[str, Any] = {
    "return": {"label": "Reso", "required": ["order"]},
    "warranty": {"label": "Garanzia", "fields": ["delivered"], "required": ["delivered"]},
    "delivery": {"label": "Consegna", "fields": ["total", "delivered"]},
    "other": {"label": "Altro"},
}
WORDS = {"name": "Anna", "email": "anna@example.it", "message": "Ciao"}
FORM = "application/x-www-form-urlencoded"


def encoded(**values: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in values.items()).encode()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"topic": "other"}, {"topic": "other"}),
        ({"topic": " other "}, {"topic": "other"}),
        ({"topic": "return", "order": "IT-1"}, {"topic": "return", "order": "IT-1"}),
        ({"topic": "other", "order": "IT-1"}, {"topic": "other", "order": "IT-1"}),
        ({"topic": "warranty", "delivered": "2026-11-01"}, {"topic": "warranty", "delivered": "2026-11-01"}),
        ({"topic": "delivery", "total": "5"}, {"topic": "delivery", "total": 5}),
        ({"topic": "other", "total": "no number", "delivered": "x"}, {"topic": "other"}),
    ],
)
def test_what_a_browser_posts(given: dict[str, str], fields: dict[str, Any]) -> None:
    message = only(post(encoded(**WORDS, **given), FORM), topics=TOPICS)
    assert message.fields == fields
    assert next(iter(message.fields)) == "topic"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"topic"}),
        ({"topic": ""}, {"topic"}),
        ({"topic": "garden"}, {"topic"}),
        ({"topic": 7}, {"topic"}),
        ({"topic": ["return"]}, {"topic"}),
        ({"topic": "<script>alert(1)</script>"}, {"topic"}),
        ({"topic": "return"}, {"order"}),
        ({"topic": "warranty"}, {"delivered"}),
        ({"topic": "warranty", "delivered": "x"}, {"delivered"}),
        ({"topic": "other", "total": 5}, {"total"}),
        ({"topics": "other", "topic": "other"}, {"topics"}),
        ({"total": 5}, {"topic"}),
    ],
)
def test_what_is_to_be_corrected(given: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(Rejected) as refused:
        form(topics=TOPICS).parse(post(json.dumps(WORDS | given).encode()))
    assert refused.value.fields.keys() == wrong
    assert "script" not in str(refused.value.fields)


def test_a_topic_given_twice() -> None:
    with pytest.raises(Rejected) as refused:
        form(topics=TOPICS).parse(post(encoded(**WORDS, topic="other") + b"&topic=return", FORM))
    assert "topic" in refused.value.fields
    assert only(post(encoded(**WORDS, topic="other") + b"&topic=return", FORM)).fields == {}


def test_one_that_may_be_left_out_and_has_another_name() -> None:
    settings = {"topics": TOPICS, "topic_field": "about", "topic_required": False}
    assert only(post(encoded(**WORDS), FORM), **settings).fields == {}
    assert only(post(encoded(**WORDS, about="other"), FORM), **settings).fields == {"about": "other"}


def test_a_draft_keeps_the_topic_and_what_was_read() -> None:
    draft = form(topics=TOPICS).draft(post(encoded(**WORDS, topic="return", faq="a,b,<i>,a"), FORM))
    assert (draft.topic, draft.faq) == ("return", ("a", "b"))
    assert form(topics=TOPICS).draft(post(encoded(**WORDS, topic="x"), FORM)).topic is None


@pytest.mark.parametrize(
    ("topics", "more", "said"),
    [
        ({"a": {"label": "A", "fields": ["none"]}}, {}, "topic a names fields that are not declared: none"),
        ({"a": {"label": "A", "fields": ["message"]}}, {}, "topic a cannot be the only one with message"),
        ({"a": {"label": "A", "fields": ["email"]}}, {}, "topic a cannot be the only one with email"),
        (
            {"a": {"label": "A", "fields": ["order"]}},
            {"require_one_of": [["email", "phone"], ["email", "order"]]},
            "cannot be the only one with order",
        ),
        (
            {"a": {"label": "A", "fields": ["order"]}, "b": {"label": "B", "required": ["order"]}},
            {},
            "topic b requires what is shown with others only: order",
        ),
        ({"a": {"label": "A"}}, {"topic_field": "order"}, "these names are taken by the page itself: order"),
        ({"A b": {"label": "A"}}, {}, "topics"),
        ({"a": {"label": "A", "field": []}}, {}, "field"),
    ],
)
def test_settings_that_do_not_hold_together(topics: dict[str, Any], more: dict[str, Any], said: str) -> None:
    settings = {"brand": "demo", "topics": topics, **more}
    settings |= {"fields": {"email": {"type": "email"}, "phone": {"type": "phone"}, "order": {}, "message": {}}}
    with pytest.raises(ValidationError, match=said):
        WebFormSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, ()),
        ("", ()),
        ("a", ("a",)),
        ("a, b ,a,,", ("a", "b")),
        (["a", 1, None, "b"], ("a", "b")),
        ({"a": 1}, ()),
        ("A,../x,a b,<i>,\u0000a,é", ("a",)),
        (",".join(f"a{number}" for number in range(1000)), tuple(f"a{number}" for number in range(20))),
        ("x" * 61, ()),
    ],
)
def test_what_was_read(value: object, ids: tuple[str, ...]) -> None:
    assert read_articles(value) == ids
