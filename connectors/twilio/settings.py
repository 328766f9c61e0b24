"""What an operator writes for an account at Twilio, for messages and for calls alike."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from config.secrets import Secret
from connectors.kit.settings import Account, AccountId, AccountsSettings, BaseUrl, Secrets, SetSecret, several

_WITHOUT_PLUS: Final = re.compile(r"(whatsapp:)?([1-9][0-9]{8,14})")


def _as_twilio_writes(value: str) -> str:
    """YAML takes an unquoted `+15005550006` for a number, and the plus with it."""
    if any(character.isspace() for character in value):
        raise ValueError("write the number without blanks: +15005550006")
    return _WITHOUT_PLUS.sub(r"\1+\2", value) if _WITHOUT_PLUS.fullmatch(value) else value


OurAddress = Annotated[AccountId, AfterValidator(_as_twilio_writes)]
AccountSid = Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class TwilioAccount(AccountsSettings):
    """One account (or subaccount) of Twilio: what proves its requests, and where its files are."""

    account_sid: AccountSid
    auth_token: Secrets = Field(
        description="Signs webhooks, loads files and sends; a list of two while it is being changed, the one in force first."
    )
    shared_keys: dict[str, SetSecret] = Field(
        default={},
        description="Keys that sign with HMAC_SHA256 instead, by the id that X-Twilio-Webhooks-Signature-Settings names.",
    )
    get_deliveries: bool = Field(default=False, description="Whether webhooks set to GET are taken, too.")
    api_url: BaseUrl = "https://api.twilio.com"
    media_hosts: tuple[str, ...] = Field(
        default=(".twiliocdn.com", "s3-external-1.amazonaws.com"),
        description="Hosts that files may be loaded from besides the API's; a leading dot allows subdomains.",
    )

    @property
    def tokens(self) -> tuple[Secret, ...]:
        """Every token that a signature may be made with; the first one proves us to the API."""
        return several(self.auth_token)

    @property
    def root(self) -> str:
        """Of the account's own addresses."""
        return f"{self.api_url}/2010-04-01/Accounts/{self.account_sid}"


class TwilioSettings(TwilioAccount):
    """Messages. `accounts` maps our numbers, senders of other channels and messaging services to their brands."""

    type: Literal["twilio"]
    accounts: dict[OurAddress, Account] = Field(
        min_length=1,
        description="+15005550006, whatsapp:+…, rcs:…, messenger:…, a short code or MG…, each with what it stands for.",
    )
    status_callback: Address | None = Field(
        default=None, description="Where Twilio tells what becomes of our messages: this connector's own address."
    )
