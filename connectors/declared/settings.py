"""The connector entry of a described channel, and the descriptions that ship with us."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from config.files import FileMark
from config.shipped import Shipped
from connectors.declared.description import Asked, Description
from connectors.declared.schemes import Keys
from connectors.kit.place import Place
from connectors.kit.settings import Account, AccountId, AccountsSettings, BaseUrl, Name, Secrets, SetSecret, several

_SHIPPED: Final = Shipped("webhooks", Description)
SHIPPED: Final = _SHIPPED.names
"""The names of the descriptions that ship with us."""
shipped: Final = _SHIPPED.get


class WebhookSettings(AccountsSettings):
    """A channel described in YAML. Of `description` and `describe` it has one, of `brand` and `accounts` too."""

    type: Literal["webhook"]
    description: Annotated[
        Description | None, FileMark(Description), BeforeValidator(_SHIPPED.by_name), WithJsonSchema({"type": "string"})
    ] = Field(default=None, description="The name of a description that ships with Regia, or the path of one of your own.")
    describe: Annotated[Description | None, WithJsonSchema({"type": "object"})] = Field(
        default=None, description="The description itself, instead."
    )
    secret: Secrets = Field(description="Proves deliveries; a list of two while it is being changed.")
    user: str | None = Field(default=None, min_length=1, description="The user name of the scheme `basic`.")
    verify_token: Secrets | None = Field(default=None, description="Proves a handshake by GET.")
    token: SetSecret | None = Field(default=None, description="Access token of the provider's API, for sending and files.")
    api_url: BaseUrl | None = Field(default=None, description="Another address for `{api}`: a test system, a region.")
    media_hosts: tuple[str, ...] = Field(default=(), description="More hosts that files may be fetched from.")
    brand: Name | None = Field(default=None, description="The brand, where the provider's requests name no account.")
    accounts: dict[AccountId, Account] = Field(default={}, description="The provider's id of each account to what it is.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.description is None) == (self.describe is None):
            raise ValueError("write description (a name or a path) or describe (the description itself)")
        if self.described.account is None and (self.brand is None or self.accounts):
            raise ValueError("its requests name no account: set brand, and no accounts")
        if self.described.account is not None and (self.brand is not None or not self.accounts):
            raise ValueError("its requests name an account of yours: set accounts, and no brand")
        return self

    @model_validator(mode="after")
    def _has_what_is_described(self) -> Self:
        self.described.signature.check_keys(self.keys)
        if isinstance(self.described.handshake, Asked) and self.verify_token is None:
            raise ValueError("its handshake is proved by a token: set verify_token")
        send = self.described.send
        if send is not None and "api" in send.url.names and send.api_url is None and self.api_url is None:
            raise ValueError("its description leaves the address of the API to you: set api_url")
        return self

    @property
    def described(self) -> Description:
        found = self.description or self.describe
        if found is None:  # the model has seen to it
            raise ValueError("no description")
        return found

    @property
    def keys(self) -> Keys:
        return Keys(several(self.secret), self.user)

    @property
    def brands(self) -> frozenset[str]:
        return super().brands | ({self.brand} if self.brand is not None else set())

    def place_of(self, account_id: str | None) -> Place:
        """The account in our words, or the one place there is. Raises `UnknownAccount`."""
        if account_id is None and self.brand is not None:
            return Place(brand=self.brand, channel=self.described.channel)
        return self.place(account_id or "", self.described.channel)
