"""What a customer filled in, and what he thinks of an answer of ours.

Source: Meta for Developers, "Messenger Platform: Customer Feedback Template" (messaging_feedback), "Webhook Events"
(messaging_customer_information, response_feedback).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from connectors.kit.content import Content
from connectors.meta_messaging.fields import gathered
from connectors.reading import Part
from normalizer.inbound import FieldValue, Handle, Reaction
from normalizer.values import Invalid, read_email, read_phone

_NO_COUNTRY: Final = "ZZ"
"""For `phonenumbers`: a number that must name its country itself."""
_FREE: Final = "free_form"
_CLAIMS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = MappingProxyType(
    {
        **dict.fromkeys(("email", "email_address"), ("email", read_email)),
        **dict.fromkeys(("phone", "phone_number"), ("phone", lambda text: read_phone(text, _NO_COUNTRY))),
    }
)
"""What is an address of the person, by the key of its answer."""
_THUMBS: Final[Mapping[str, str]] = MappingProxyType({"good response": "👍", "bad response": "👎"})


def feedback(part: Part) -> Content:
    """Scores, each under the name its question was given; what was written freely is the text. Raises `Misshapen`."""
    asked = [screen.part("questions") for screen in _objects(part, "feedback_screens")]
    fields: list[tuple[str, FieldValue]] = []
    words: list[str] = []
    for name, question in (one for questions in asked for one in _named(questions)):
        free = question.hint("type") == _FREE
        given = _given(question, "payload")
        words += [str(given)] if free and given is not None else []
        fields += [] if free else [(f"feedback_{name}", given), (f"feedback_{name}_type", question.hint("type"))]
        follow_up = question.hints("follow_up").optional_text("payload")
        words += [follow_up] if follow_up else []
    return Content(kind="form", text="\n".join(words) or None, fields=gathered(fields))


def _named(questions: Part) -> Iterator[tuple[str, Part]]:
    """Each question with its name, by which no reason may call it: it need not be one of ours."""
    for index, (name, value) in enumerate(questions.data.items()):
        yield name, Part.of(value, f"{questions.path}[{index}]")


def customer_information(part: Part) -> Content:
    """What was entered on the screens of a form. Raises `Misshapen`."""
    return Content(kind="form", fields=gathered((f"customer_{key}", value) for key, value in _responses(part)))


def claims(part: Part) -> tuple[Handle, ...]:
    """The addresses among what was entered: nobody has proven them. One that is none stays a field."""
    return tuple(dict.fromkeys(_claimed(_responses(part))))


def _claimed(responses: Iterable[tuple[str, FieldValue]]) -> Iterator[Handle]:
    for key, value in responses:
        kind, read = _CLAIMS.get(key.lower(), ("", str))
        try:
            if kind:
                yield Handle(kind, read(str(value)), "claimed")
        except Invalid:
            continue


def _responses(part: Part) -> list[tuple[str, FieldValue]]:
    screens = _objects(part, "screens")
    answers = [answer for screen in screens for answer in _objects(screen, "responses")]
    return [(answer.ident("key"), _given(answer, "value")) for answer in answers]


def _objects(part: Part, key: str) -> list[Part]:
    return [Part.of(one, f"{part.at(key)}[{index}]") for index, one in enumerate(part.array(key))]


def _given(part: Part, key: str) -> FieldValue:
    """An answer: a text, or a number where a score is one. Raises `Misshapen`."""
    value = part.data.get(key)
    return value if isinstance(value, int | float) else part.optional_text(key)


def response_feedback(part: Part) -> Content:
    """A thumb below a message of ours. A word of tomorrow stands for itself."""
    word = part.text("feedback")
    reaction = Reaction(emoji=_THUMBS.get(word.strip().lower(), word))
    return Content(kind="reaction", refers_to=part.ident("mid"), reaction=reaction, fields={"meta_feedback": word})
