"""What an operator writes for a `whatsapp` connector."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$")]
AccountId = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
"""YAML reads an unquoted phone_number_id as a number."""


class WhatsAppAccount(BaseModel):
    """One of our business numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    brand: Name
    channel: Name = "whatsapp"
    number: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{4,14}$")] | None = Field(
        default=None, description="The number in international form; it stands as `account` in envelopes instead of the id."
    )


class WhatsAppSettings(ConnectorSettings):
    """Secrets, accounts and addresses of the WhatsApp Cloud API."""

    type: Literal["whatsapp"]
    app_secret: Secret | tuple[Secret, ...] = Field(
        description="One secret, or several while the app secret is being changed: any of them verifies."
    )
    verify_token: Secret = Field(description="The word entered in Meta's webhook form.")
    access_token: Secret | None = Field(default=None, description="Needed for media and for sending.")
    graph_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*[^/?#\s])?$")] = (
        "https://graph.facebook.com"
    )
    api_version: Annotated[str, StringConstraints(pattern=r"^v[0-9]+\.[0-9]+$")] = "v25.0"
    accounts: dict[AccountId, WhatsAppAccount] = Field(min_length=1, description="phone_number_id to what it stands for.")
    media_hosts: tuple[str, ...] = Field(
        default=("lookaside.fbsbx.com",), description="Hosts media may be loaded from; a leading dot allows subdomains."
    )

    @field_validator("app_secret", "verify_token", "access_token")
    @classmethod
    def _secrets_are_set(cls, value: Secret | tuple[Secret, ...] | None) -> Secret | tuple[Secret, ...] | None:
        given = value if isinstance(value, tuple) else (value,)
        if not given or any(secret is not None and not secret.get_secret_value().strip() for secret in given):
            raise ValueError("the secret is empty: set it, or anybody could write in the name of customers")
        return value

    @model_validator(mode="after")
    def _numbers_differ(self) -> "WhatsAppSettings":
        numbers = [account.number for account in self.accounts.values() if account.number]
        if len(numbers) != len(set(numbers)):
            raise ValueError("two accounts have the same number: give each phone_number_id its own")
        return self

    @property
    def app_secrets(self) -> tuple[Secret, ...]:
        """Every secret a signature may be made with."""
        return self.app_secret if isinstance(self.app_secret, tuple) else (self.app_secret,)

    def account_name(self, phone_number_id: str) -> str:
        """What envelopes call the account: its number where one is configured, else Meta's id."""
        return self.accounts[phone_number_id].number or phone_number_id

    def phone_number_id(self, account: str | None) -> str | None:
        """Meta's id of an envelope's `account`; without one, the only account there is; None when there is no such account."""
        if account is None:
            return next(iter(self.accounts)) if len(self.accounts) == 1 else None
        return next((key for key, known in self.accounts.items() if account in (key, known.number)), None)
