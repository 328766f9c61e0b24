"""Settings of WeChat."""

from typing import Literal, Self

from pydantic import Field, model_validator

from config.secrets import Secret
from connectors.kit.settings import AccountsSettings, BaseUrl, Secrets, SetSecret, several
from connectors.wechat.crypto import aes_key, miscopied

Mode = Literal["plain", "safe"]


class WeChatSettings(AccountsSettings):
    """One official account; `accounts` maps its original id (`ToUserName` in webhooks) to its brand."""

    type: Literal["wechat"]
    token: Secrets = Field(description="Signs requests; a list of two while it is being changed.")
    encoding_aes_key: Secrets | None = Field(
        default=None, description="Decrypts bodies (safe mode); a list of two while it is being changed."
    )
    mode: Mode | None = Field(
        default=None, description="`safe` refuses bodies that are not encrypted: the default where encoding_aes_key is set."
    )
    app_id: str | None = Field(default=None, min_length=1, description="Needed for safe mode, files and sending.")
    app_secret: SetSecret | None = Field(default=None, description="Needed for files that have no address, and for sending.")
    signature_seconds: int = Field(default=300, gt=0, description="How old a signature may be.")
    reply_hours: int = Field(default=48, gt=0, description="How long after a customer's message texts may be sent.")
    # A body of WeChat has a few kilobytes, and one is read before its signature can be checked.
    max_body: int = Field(default=256 * 1024, gt=0, description="Largest request body accepted, in bytes.")
    api_url: BaseUrl = "https://api.weixin.qq.com"
    media_hosts: tuple[str, ...] = Field(
        default=(".qpic.cn",), description="Hosts that pictures and videos may be loaded from."
    )

    @property
    def safe(self) -> bool:
        """Whether every body must be encrypted."""
        return self.mode == "safe" or (self.mode is None and self.encoding_aes_key is not None)

    @property
    def aes_keys(self) -> tuple[bytes, ...]:
        """The keys of AES that a body may be encrypted with."""
        return tuple(key for key in map(aes_key, self._encoded) if key is not None)

    @property
    def _encoded(self) -> tuple[Secret, ...]:
        return several(self.encoding_aes_key) if self.encoding_aes_key is not None else ()

    @model_validator(mode="after")
    def _decryptable(self) -> Self:
        self.refuse_to_share(self.app_secret)
        if self.safe and self.encoding_aes_key is None:
            raise ValueError("mode safe needs encoding_aes_key")
        if self.encoding_aes_key is not None and self.app_id is None:
            raise ValueError("encoding_aes_key needs app_id: every encrypted body names the app it is for")
        if any(map(miscopied, self._encoded)):
            raise ValueError("encoding_aes_key must be the 43 letters and digits of WeChat's settings page")
        return self
