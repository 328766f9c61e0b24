"""The body of a reply, over HTTP and on the queue `regia.replies`: a strict model, which the API description publishes too."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from connectors.api_body import Lines, Moment
from desk.replies import Reply
from dispatcher.letter_parcels import AGAIN
from normalizer.inbound import Button
from normalizer.values import is_blank
from regia.http.bodies import Id, Key, Strict, Words

LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a request."""
_HTML_MAX: Final = 1_000_000
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


_A_KEY: Final = TypeAdapter(Key)


def key_of(text: str | None) -> str | None:
    """A `message_id` as a key, the same when a dead letter is driven again; None where it cannot be one."""
    try:
        return None if text is None else _A_KEY.validate_python(text.partition(AGAIN)[0])
    except ValidationError:
        return None


def _html(text: str) -> str:
    if _UNWRITABLE.search(text):
        raise ValueError("must hold no control characters but tabs and line ends")
    return text


def _written(text: str) -> str:
    if is_blank(text):
        raise ValueError("must not be empty")
    return text


class ButtonBody(Strict):
    """What the customer may tap below the text."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")] = Field(
        description="Yours: it comes back in the envelope's `button.id`."
    )
    title: Words = Field(description="What the customer reads.")


class ReplyBody(Strict):
    """An answer to a message, or to the last one of a conversation. It goes to the handle that wrote that message, on its
    channel, whoever was merged with whom since."""

    message: Id | None = Field(default=None, description="The id of the envelope it answers.")
    conversation: Id | None = Field(default=None, description="Instead: its last contact that can be answered.")
    text: Annotated[Lines, AfterValidator(_written)] = Field(description="What the customer reads.")
    html: Annotated[str, StringConstraints(max_length=_HTML_MAX), AfterValidator(_html)] | None = Field(
        default=None, description="The same as HTML, for channels that have it (mail)."
    )
    subject: Words | None = Field(default=None, description="Instead of the customer's own; `Re:` is put before it.")
    buttons: list[ButtonBody] = Field(default=[], max_length=10)
    author: Words | None = Field(default=None, description="Who wrote it, by your id or name; otherwise who asks.")
    automatic: bool = Field(
        default=False, description="Nobody wrote it: it is marked so, and held back where it could begin a loop."
    )
    not_before: Moment | None = Field(default=None, description="It leaves at this time at the earliest.")
    key: Key | None = Field(
        default=None, description="Your own id of this reply: asked for again with it, it is the same reply and is sent once."
    )

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if (self.message is None) == (self.conversation is None):
            raise ValueError("name a message, or a conversation, and not both")
        return self

    def reply(self, asker: str) -> Reply:
        """As the desk takes it. `asker` is who asks."""
        return Reply(
            message_id=self.message,
            conversation_id=self.conversation,
            text=self.text,
            html=self.html,
            subject=self.subject,
            buttons=tuple(Button(id=one.id, title=one.title) for one in self.buttons),
            author=self.author or asker,
            automatic=self.automatic,
            not_before_ms=None if self.not_before is None else round(self.not_before.timestamp() * 1000),
            key=self.key,
            asker=asker,
        )
