"""Parts that the settings of many channels are made of."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from config.secrets import Secret
from connectors.base import ConnectorSettings
from connectors.errors import SendFailed
from connectors.kit.place import Place, UnknownAccount


def _are_set(secrets: Secret | tuple[Secret, ...]) -> Secret | tuple[Secret, ...]:
    if not secrets or not all(secret.get_secret_value().strip() for secret in several(secrets)):
        raise ValueError("the secret is empty: set it, or anybody could write in the name of customers")
    return secrets


def several(secrets: Secret | tuple[Secret, ...]) -> tuple[Secret, ...]:
    """Every secret that a signature may be made with."""
    return secrets if isinstance(secrets, tuple) else (secrets,)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
"""A brand or a channel: a part of queue names and routing keys."""
AccountId = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
"""A provider's id. YAML reads an unquoted one as a number."""
BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*[^/?#\s])?$")]
"""An API's address without a slash at its end."""
SetSecret = Annotated[Secret, AfterValidator(_are_set)]
"""A secret that is not empty."""
Secrets: TypeAlias = Annotated[Secret | tuple[Secret, ...], AfterValidator(_are_set)]
"""One secret, or several while it is being changed: any of them verifies."""


class Account(BaseModel):
    """An account of ours at a provider: whose it is, and what envelopes call it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    brand: Name
    channel: Name | None = Field(default=None, description="Stands as `channel` in envelopes instead of the type's own word.")
    name: str | None = Field(default=None, min_length=1, max_length=120, description="Stands as `account` instead of the id.")


class AccountsSettings(ConnectorSettings):
    """Settings of a channel whose requests name one of several accounts."""

    accounts: Mapping[AccountId, Account] = Field(min_length=1, description="The provider's id of each account to what it is.")

    def place(self, account_id: str, channel: str) -> Place:
        """The account in our words. Raises `UnknownAccount`."""
        account = self.accounts.get(account_id)
        if account is None:
            raise UnknownAccount
        return Place(brand=account.brand, channel=account.channel or channel, account=account.name or account_id)

    def account_id(self, account: str | None) -> str | None:
        """The provider's id of an envelope's `account`; without one, the only account there is; None when there is none."""
        if account is None:
            return next(iter(self.accounts)) if len(self.accounts) == 1 else None
        return next((key for key, known in self.accounts.items() if account in (key, known.name)), None)

    def sending_account(self, account: str | None) -> str:
        """The provider's id of the account a message leaves from. Raises `SendFailed`: it is never answered from another."""
        account_id = self.account_id(account)
        if account_id is None:
            raise SendFailed("unsupported", "the account to send from is not one of the connector's")
        return account_id

    def refuse_to_share(self, token: object) -> None:
        """For channels whose token stands for one account: with several, all would answer as that one. Raises `ValueError`."""
        if token is not None and len(self.accounts) > 1:
            raise ValueError("a token belongs to one account: give each account that answers a connector of its own")

    @property
    def brands(self) -> frozenset[str]:
        return frozenset(account.brand for account in self.accounts.values())
