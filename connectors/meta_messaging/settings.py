"""What an operator writes for a `messenger` or an `instagram` connector."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from config.secrets import Secret
from connectors.kit.place import Place
from connectors.kit.settings import Account, AccountId, AccountsSettings, BaseUrl, Name, Secrets, SetSecret

DAY: Final = timedelta(hours=24)
WEEK: Final = timedelta(days=7)


class MetaAccount(Account):
    """A page, or an Instagram professional account."""

    access_token: SetSecret | None = Field(default=None, description="Its own token, where the connector's is not for it.")
    comments_channel: Name | None = Field(
        default=None, description="Stands as `channel` in envelopes of comments instead of the type's own word."
    )


class MetaSettings(AccountsSettings):
    """Secrets, accounts and addresses of one Meta app."""

    app_secret: Secrets = Field(description="Signs webhooks; a list of two while it is being changed.")
    verify_token: SetSecret = Field(description="The word entered in Meta's webhook form.")
    access_token: SetSecret | None = Field(default=None, description="Page access token: needed for sending.")
    accounts: Mapping[AccountId, MetaAccount] = Field(
        min_length=1, description="The id of each page or Instagram account to what it is."
    )
    graph_url: BaseUrl = "https://graph.facebook.com"
    api_version: Annotated[str, StringConstraints(pattern=r"^v[0-9]+\.[0-9]+$")] = "v25.0"
    media_hosts: tuple[str, ...] = Field(
        default=(".fbcdn.net", ".fbsbx.com", ".cdninstagram.com"),
        description="Hosts files may be loaded from; a leading dot allows subdomains.",
    )
    human_agent: bool = Field(
        default=False,
        description="The app has Meta's Human Agent permission: people may answer for 7 days instead of 24 hours.",
    )
    comments: Literal["public", "private"] = Field(
        default="public",
        description="How comments are answered: below them for everybody, or once by a message to their author.",
    )

    @property
    def window(self) -> timedelta:
        """How long after a customer's message a person may answer it."""
        return WEEK if self.human_agent else DAY

    def comments_place(self, account_id: str, channel: str) -> Place:
        """The account in our words, as comments name it. Raises `UnknownAccount`."""
        place = self.place(account_id, channel)
        return replace(place, channel=self.accounts[account_id].comments_channel or channel)

    def token(self, account_id: str) -> Secret | None:
        """What the account's calls are made with."""
        account = self.accounts.get(account_id)
        return (account and account.access_token) or self.access_token
