"""What an operator writes for a `whatsapp` connector."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings
from connectors.kit.place import Place, UnknownAccount
from connectors.kit.settings import AccountId, BaseUrl, Name, Secrets, SetSecret, several


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
    app_secret: Secrets = Field(
        description="One secret, or several while the app secret is being changed: any of them verifies."
    )
    verify_token: SetSecret = Field(description="The word entered in Meta's webhook form.")
    access_token: SetSecret | None = Field(default=None, description="Needed for media and for sending.")
    graph_url: BaseUrl = "https://graph.facebook.com"
    api_version: Annotated[str, StringConstraints(pattern=r"^v[0-9]+\.[0-9]+$")] = "v25.0"
    accounts: dict[AccountId, WhatsAppAccount] = Field(min_length=1, description="phone_number_id to what it stands for.")
    media_hosts: tuple[str, ...] = Field(
        default=("lookaside.fbsbx.com",), description="Hosts media may be loaded from; a leading dot allows subdomains."
    )

    @model_validator(mode="after")
    def _numbers_differ(self) -> "WhatsAppSettings":
        numbers = [account.number for account in self.accounts.values() if account.number]
        if len(numbers) != len(set(numbers)):
            raise ValueError("two accounts have the same number: give each phone_number_id its own")
        return self

    @property
    def graph_root(self) -> str:
        """Where the version of the Graph API is that is spoken."""
        return f"{self.graph_url}/{self.api_version}"

    @property
    def app_secrets(self) -> tuple[Secret, ...]:
        """Every secret a signature may be made with."""
        return several(self.app_secret)

    def place(self, phone_number_id: str) -> Place:
        """The number in our words; envelopes call it by its number where one is configured. Raises `UnknownAccount`."""
        account = self.accounts.get(phone_number_id)
        if account is None:
            raise UnknownAccount
        return Place(brand=account.brand, channel=account.channel, account=account.number or phone_number_id)

    def phone_number_id(self, account: str | None) -> str | None:
        """Meta's id of an envelope's `account`; without one, the only account there is; None when there is no such account."""
        if account is None:
            return next(iter(self.accounts)) if len(self.accounts) == 1 else None
        return next((key for key, known in self.accounts.items() if account in (key, known.number)), None)
