"""Settings of a Telegram bot."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings
from connectors.kit.outbound import host_of
from connectors.kit.place import Place
from connectors.kit.settings import BaseUrl, Name, Secrets, SetSecret, several

_TOKEN: Final = re.compile(r"(?P<bot>[0-9]{1,20}):\S+")
_REFERENCE: Final = re.compile(r"\$\{.*\}")
"""A `${NAME}` that nobody has resolved yet."""
KINDS: Final = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
)


def _is_token(token: Secret) -> Secret:
    """The id before the colon is a part of every handle, so a token without one must not pass: it would stand there itself."""
    value = token.get_secret_value()
    if not (_TOKEN.fullmatch(value) or _REFERENCE.fullmatch(value)):
        raise ValueError("a bot's token is its number, a colon and a secret, as BotFather gives it")
    return token


class TelegramSettings(ConnectorSettings):
    """One bot, which is one account."""

    type: Literal["telegram"]
    brand: Name
    channel: Name = Field(default="telegram", description="Stands as `channel` in envelopes.")
    token: Annotated[SetSecret, AfterValidator(_is_token)] = Field(description="The bot's token, as BotFather gives it.")
    username: str | None = Field(
        default=None, min_length=1, max_length=64, description="The bot's user name: stands as `account` instead of its number."
    )
    mode: Literal["webhook", "polling"] = Field(default="webhook", description="Telegram allows one of them at a time.")
    secret_token: Secrets | None = Field(
        default=None, description="What `setWebhook` was given; a list of two while it is being changed. Not for polling."
    )
    updates: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")], ...] = Field(
        default=KINDS, min_length=1, description="Kinds of updates asked for by polling (`allowed_updates`)."
    )
    api_url: BaseUrl = Field(default="https://api.telegram.org", description="Telegram, or a Bot API server of one's own.")
    file_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts that files may be loaded from besides the one of `api_url`."
    )

    @model_validator(mode="after")
    def _webhooks_are_secret(self) -> Self:
        if self.mode == "webhook" and self.secret_token is None:
            raise ValueError("mode webhook needs the secret_token that setWebhook was given, or anybody could post updates")
        return self

    def for_reading(self) -> Self:
        """The bot's number is needed to understand an update, its secret is not."""
        return self.model_copy(update={"token": Secret(f"{self.bot_id}:"), "secret_token": None})

    @property
    def bot_id(self) -> str:
        return self.token.get_secret_value().partition(":")[0]

    @property
    def secret_tokens(self) -> tuple[Secret, ...]:
        return () if self.secret_token is None else several(self.secret_token)

    @property
    def place(self) -> Place:
        return Place(brand=self.brand, channel=self.channel, account=self.username or self.bot_id)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where files may be loaded from."""
        return (host_of(self.api_url), *self.file_hosts)
