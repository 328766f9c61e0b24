"""The body of a reply, over HTTP and on the queue `regia.replies`: a strict model, which the API description publishes too."""

import re
from base64 import b64decode
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from connectors.api_body import Lines, Moment
from desk.files import ReplyFile
from desk.replies import Reply
from desk.wording import Chosen
from dispatcher.letter_parcels import AGAIN
from normalizer.inbound import Button
from normalizer.values import is_blank
from regia.http.bodies import Id, Key, Strict, Words

_WORDS: Final = 4 * 1024 * 1024
"""Bytes of a request without its files."""
_HTML_MAX: Final = 1_000_000
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


_A_KEY: Final = TypeAdapter(Key)


def longest(files: int) -> int:
    """Bytes of a request whose files are of so many bytes, in base64."""
    return _WORDS + files * 4 // 3


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


class FileBody(Strict):
    """A file: its content with a name, or the id of a stored one."""

    id: Id | None = Field(
        default=None, description="Of a stored file that the same customer sent: `att_…`. Then no `content` is needed."
    )
    content: str | None = Field(default=None, description="The file in base64.")
    filename: Words | None = Field(default=None, description="What the customer sees; needed with `content`.")
    content_type: Words | None = Field(default=None, description="Its media type; the bytes have the last word.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.id is None) == (self.content is None):
            raise ValueError("give either content or id")
        return self

    @property
    def file(self) -> ReplyFile:
        """As the desk takes it."""
        return ReplyFile(id=self.id, content=self._bytes(), filename=self.filename, content_type=self.content_type)

    def _bytes(self) -> bytes | None:
        """None where it is no base64, which the desk refuses."""
        try:
            return None if self.content is None else b64decode(self.content, validate=True)
        except ValueError:  # also `binascii.Error`, and what is not ASCII
            return None


class TemplateBody(Strict):
    """A template of the brand's rules, which gives the words."""

    name: Words = Field(description="As the rules declare it under `templates:`.")
    fields: dict[str, str | int | float | bool] = Field(
        default={}, max_length=100, description="Values for `fields.X` of the template, before those of the message."
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="One of the template's; otherwise the message's."
    )

    @property
    def chosen(self) -> Chosen:
        """As the desk takes it."""
        return Chosen(name=self.name, fields=tuple(sorted(self.fields.items())), language=self.language)


class ReplyBody(Strict):
    """An answer to a message, or to the last one of a conversation. It goes to the handle that wrote that message, on its
    channel, whoever was merged with whom since."""

    message: Id | None = Field(default=None, description="The id of the envelope it answers.")
    conversation: Id | None = Field(default=None, description="Instead: its last contact that can be answered.")
    text: Annotated[Lines, AfterValidator(_written)] | None = Field(
        default=None, description="What the customer reads; needed where there are no files and no template."
    )
    template: TemplateBody | None = Field(default=None, description="Instead of a text: a template of the rules.")
    html: Annotated[str, StringConstraints(max_length=_HTML_MAX), AfterValidator(_html)] | None = Field(
        default=None, description="The same as HTML, for channels that have it (mail)."
    )
    subject: Words | None = Field(default=None, description="Instead of the customer's own; `Re:` is put before it.")
    buttons: list[ButtonBody] = Field(default=[], max_length=10)
    attachments: list[FileBody] = Field(default=[], max_length=100, description="Files, in their order, after the text.")
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
        if self.text is not None and self.template is not None:
            raise ValueError("give either a text or a template")
        if self.text is None and self.template is None and not self.attachments:
            raise ValueError("needs a text, a template or attachments")
        if self.text is None and self.html is not None:
            raise ValueError("html needs a text")
        if self.text is None and self.template is None and self.buttons:
            raise ValueError("buttons need words above them")
        return self

    def reply(self, asker: str) -> Reply:
        """As the desk takes it. `asker` is who asks."""
        return Reply(
            message_id=self.message,
            conversation_id=self.conversation,
            text=self.text or "",
            template=None if self.template is None else self.template.chosen,
            html=self.html,
            subject=self.subject,
            buttons=tuple(Button(id=one.id, title=one.title) for one in self.buttons),
            files=tuple(one.file for one in self.attachments),
            author=self.author or asker,
            automatic=self.automatic,
            not_before_ms=None if self.not_before is None else round(self.not_before.timestamp() * 1000),
            key=self.key,
            asker=asker,
        )
