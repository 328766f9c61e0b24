"""The welcome flow as it is declared: what goes together, what each mistake is called, and what the widget gets."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.chat.flow import Flow
from connectors.chat.settings import ChatSettings

PERSON = {"say": "Scrivici.", "person": True}
CHOICE = {"id": "a", "label": "A", "next": "talk"}
ASK = {"say": "Ordine?", "ask": {"field": "order"}, "next": "talk"}
FIELDS = {"order": {}, "total": {"type": "number"}}


def a_flow(**steps: Any) -> dict[str, Any]:
    return {"start": "hello", "steps": {"hello": {"say": "Ciao", "choices": [CHOICE]}, "talk": PERSON, **steps}}


def test_what_the_widget_gets_is_in_one_language_and_has_no_empty_members() -> None:
    flow = Flow.model_validate(
        a_flow(
            hello={
                "say": ["Ciao", {"it": "Di che si tratta?", "en": "What is it about?"}],
                "choices": [{"id": "a", "label": {"it": "Reso", "en": "Return"}, "category": "returns", "next": "order"}],
            },
            order={**ASK, "ask": {"field": "order", "optional": True}, "next": "faq"},
            faq={"say": "Forse:", "articles": ["reso"], "search": True, "next": "talk"},
        )
    )
    assert flow.localised("en") == {
        "start": "hello",
        "steps": {
            "hello": {
                "say": ["Ciao", "What is it about?"],
                "choices": [{"id": "a", "label": "Return", "category": "returns", "next": "order"}],
            },
            "order": {"say": ["Ordine?"], "ask": {"field": "order", "type": "text", "optional": True}, "next": "faq"},
            "faq": {"say": ["Forse:"], "articles": ["reso"], "search": True, "next": "talk"},
            "talk": {"say": ["Scrivici."], "person": True},
        },
    }
    assert flow.needs_faq


@pytest.mark.parametrize(
    ("flow", "complaint"),
    [
        ({**a_flow(), "start": "ciao"}, "start names ciao, which is no step"),
        (a_flow(hello={"say": "Ciao", "choices": [{**CHOICE, "next": "oder"}]}), "step hello goes on to oder, which is no"),
        (a_flow(lost={"say": "Mai"}), "step lost is never reached from hello"),
        (a_flow(one={"say": "1", "next": "two"}, two={"say": "2", "next": "one"}), "step one is never reached from hello"),
        (a_flow(talk={"say": "Ciao"}), "no step leads to a person: give one of them person: true"),
        (a_flow(hello={**ASK, "choices": [CHOICE]}), "step hello asks, and offers choices: one of them"),
        (a_flow(hello={"say": "?", "ask": {"field": "order"}}), "step hello asks, but has no next step for the answer"),
        (a_flow(hello={"say": "?", "choices": [CHOICE], "next": "talk"}), "step hello offers choices: each has its own next"),
        (a_flow(talk={**PERSON, "next": "hello"}), "step talk is a person's: it ends the flow"),
        (a_flow(hello={"say": "?", "choices": [CHOICE, CHOICE]}), "step hello has two choices with one id"),
        (a_flow(hello={"say": {"it": " "}, "choices": [CHOICE]}), "step hello has an empty text"),
        (a_flow(hello={"say": {}, "choices": [CHOICE]}), "step hello has an empty text"),
        (a_flow(hello={**ASK, "ask": {"type": "email"}}), "steps.hello.ask.field\n  Field required"),
        (a_flow(hello={**ASK, "ask": {"field": "order", "type": "date"}}), "steps.hello.ask.type"),
        (a_flow(hello={"say": [], "choices": [CHOICE]}), "steps.hello.say"),
        (a_flow(hello={"says": "Ciao"}), "steps.hello.says\n  Extra inputs"),
    ],
)
def test_each_mistake_is_named_with_its_step(flow: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Flow.model_validate(flow)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ({"hello": ASK}, None),
        ({"hello": {**ASK, "ask": {"field": "colour"}}}, "step hello asks for colour, which is not declared in fields"),
        ({"hello": {**ASK, "ask": {"field": "total"}}}, "step hello asks for total as text, which fields declare as number"),
        ({"hello": {"say": "?", "search": True, "next": "talk"}}, "the flow offers articles: name their FAQ in faq"),
    ],
)
def test_a_chat_takes_a_flow_that_fits_its_fields(steps: dict[str, Any], complaint: str | None) -> None:
    settings = {"brand": "demo", "fields": FIELDS, "flow": a_flow(**steps)}
    if complaint is None:
        assert ChatSettings.model_validate(settings).flow is not None
        return
    with pytest.raises(ValidationError) as caught:
        ChatSettings.model_validate(settings)
    assert complaint in str(caught.value)


def test_the_button_of_every_step_reaches_a_person_that_no_step_names() -> None:
    assert Flow.model_validate({"start": "a", "steps": {"a": {"say": "Ciao"}, "talk": PERSON}})
