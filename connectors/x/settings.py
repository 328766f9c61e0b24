"""Settings of X."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.kit.settings import AccountsSettings, BaseUrl, Secrets, SetSecret


class OAuth1(BaseModel):
    """Keys of our user that do not end. With the app's consumer secret they sign every call."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    consumer_key: SetSecret
    access_token: SetSecret
    access_token_secret: SetSecret


class XSettings(AccountsSettings):
    """An app of X; `accounts` maps the user id of each of our accounts (`for_user_id` in webhooks) to its brand."""

    type: Literal["x"]
    consumer_secret: Secrets = Field(
        description="Signs webhooks and answers their test; a list while it is being changed, the new one first."
    )
    access_token: SetSecret | None = Field(default=None, description="OAuth 2 token of our user, which ends after two hours.")
    oauth1: OAuth1 | None = Field(default=None, description="OAuth 1.0a keys of our user instead, which do not end.")
    api_url: BaseUrl = "https://api.x.com"
    media_hosts: tuple[str, ...] = Field(
        default=("ton.x.com", "ton.twitter.com", ".twimg.com"),
        description="Hosts that files may be loaded from, and that are shown our user's token.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.access_token is not None and self.oauth1 is not None:
            raise ValueError("set access_token or oauth1, not both")
        self.refuse_to_share(self.access_token or self.oauth1)
        return self
