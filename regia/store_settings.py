"""Where things are kept: embedded, or on a server."""

import re
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from config.secrets import SecretUrl

LOCAL: Final = "local"


ENCODE: Final = (
    "percent-encode characters such as @ / : ? # and % in user, password, host and path (@ is %40, / is %2F); "
    "user and password stand once, before the first host"
)
_PARTS: Final = re.compile(r"[^/?#]*//(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_BARE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def unencoded(address: str) -> bool:
    """Whether a character of user or password seems to have ended one of the address's parts too early. A part of the password
    would then be taken for the host or the path, which are shown and logged."""
    found = _PARTS.fullmatch(address)
    if found is None:
        return "@" in address
    user = found["authority"].rpartition("@")[0]
    return "@" in user or "@" in found["rest"] or _BARE.search(user) is not None


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Store(Section):
    """The embedded form, `local`, or the address of a server."""

    schemes: ClassVar[tuple[str, ...]] = ()

    url: SecretUrl = Field(default=SecretStr(LOCAL))

    @field_validator("url")
    @classmethod
    def _usable(cls, url: SecretStr) -> SecretStr:
        address = url.get_secret_value()
        if not address.startswith("sqlite:") and unencoded(address):
            raise ValueError(ENCODE)
        if address != LOCAL and not all(map(cls._fits, cls._single(address))):
            raise ValueError(f"write local, or an address such as {cls.schemes[0]}://host/name with a valid host and port")
        return url

    @classmethod
    def _single(cls, address: str) -> tuple[str, ...]:
        return (address,)

    @classmethod
    def _fits(cls, address: str) -> bool:
        try:
            parts = urlsplit(address)
            return parts.scheme in cls.schemes and (bool(parts.hostname) or parts.scheme == "sqlite") and parts.port != 0
        except ValueError:  # a port or a bracket that is none
            return False

    @property
    def is_local(self) -> bool:
        return self.url.get_secret_value() == LOCAL


class DatabaseStore(Store):
    schemes = ("postgresql", "postgres", "postgresql+psycopg", "sqlite")


class CoordinationStore(Store):
    schemes = ("redis", "rediss")


class BlobStore(Store):
    schemes = ("s3",)
