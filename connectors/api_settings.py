"""Who may post to the JSON channel, and what a body may name: the settings of `type: api`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.base import ConnectorSettings
from connectors.form_settings import RateLimit, Region, Slug
from connectors.kit.user_tokens import UserTokenSettings
from connectors.uploads import MEGABYTE, UploadRules
from normalizer.fields import FieldName, FieldSpec


class UserRate(RateLimit):
    """At most `count` contacts in `seconds` of one user, where nobody but the user's own token is behind them."""

    count: int = Field(default=30, gt=0)


class UserSettings(UserTokenSettings):
    """The signed tokens of an app's users. `direct` lets the app on a phone post with its user's token alone."""

    scope: Slug | None = Field(
        default=None,
        description="Stands before the user's id in the handle `app_user`; connectors for the same users have the same one."
        " Without it, the connector's name.",
    )
    direct: bool = Field(
        default=False, description="Whether the app itself may post, with the user's token as the only one of the request."
    )
    rate: UserRate = UserRate()


class FormRules(BaseModel):
    """A form of an app or a counter: what envelopes call it, and which of `fields` it must bring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, min_length=1, max_length=200, description="Its name, where a body gives none.")
    required: tuple[FieldName, ...] = Field(default=(), description="The fields that must be filled in this form.")


class ApiSettings(ConnectorSettings):
    """Who may post, and as which channels and brands. The first of `channels` and `brand` hold where a body names none."""

    type: str = "api"
    max_body: int = Field(default=20 * MEGABYTE, gt=0, description="Largest body with its files, in bytes.")
    tokens: Annotated[tuple[SecretStr, ...], Field(description="Several, so that they can be changed in flight.")] = ()
    users: UserSettings | None = None
    brand: Slug
    brands: tuple[Slug, ...] = Field(default=(), description="Other brands a body may name.")
    channels: tuple[Slug, ...] = Field(default=("api",), min_length=1)
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict)
    forms: dict[Slug, FormRules] = Field(default_factory=dict)
    region: Region = Field(default="IT", description="Country of phone numbers without a prefix (ISO 3166).")
    trusted_proofs: tuple[Literal["agent"], ...] = ()
    upload: UploadRules | None = UploadRules()

    @field_validator("tokens")
    @classmethod
    def _tokens_are_set(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(token.get_secret_value().strip() for token in tokens):
            raise ValueError("a token is empty: set it, or the channel would be open to anybody")
        return tokens

    @model_validator(mode="after")
    def _somebody_may_post(self) -> Self:
        if not self.tokens and not (self.users and self.users.direct):
            raise ValueError("tokens: nobody could post; give a program a token, or let apps in with users.direct")
        return self

    @model_validator(mode="after")
    def _forms_ask_for_fields(self) -> Self:
        unknown = {name for form in self.forms.values() for name in form.required} - self.fields.keys()
        if unknown:
            raise ValueError(f"forms: they require fields that are not declared: {', '.join(sorted(unknown))}")
        return self
