"""Who may post to the JSON channel, and what a body may name: the settings of `type: api`."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from connectors.base import ConnectorSettings
from connectors.form_settings import Region, Slug
from connectors.uploads import MEGABYTE, UploadRules
from normalizer.fields import FieldName, FieldSpec


class ApiSettings(ConnectorSettings):
    """Who may post, and as which channels and brands. The first of `channels` and `brand` hold where a body names none."""

    type: str = "api"
    max_body: int = Field(default=20 * MEGABYTE, gt=0, description="Largest body with its files, in bytes.")
    tokens: Annotated[tuple[SecretStr, ...], Field(min_length=1, description="Several, so that they can be changed in flight.")]
    brand: Slug
    brands: tuple[Slug, ...] = Field(default=(), description="Other brands a body may name.")
    channels: tuple[Slug, ...] = Field(default=("api",), min_length=1)
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict)
    region: Region = Field(default="IT", description="Country of phone numbers without a prefix (ISO 3166).")
    trusted_proofs: tuple[Literal["agent"], ...] = ()
    upload: UploadRules | None = UploadRules()

    @field_validator("tokens")
    @classmethod
    def _tokens_are_set(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(token.get_secret_value().strip() for token in tokens):
            raise ValueError("a token is empty: set it, or the channel would be open to anybody")
        return tokens
