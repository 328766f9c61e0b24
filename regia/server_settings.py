"""Where the gateway listens, how the world sees it, and how many processes serve it."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, StringConstraints

from config.document import Document
from config.problems import Problem

MOST: Final = 64
"""Workers of one gateway."""


class Server(BaseModel):
    """Where the gateway listens and how the world sees it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$")] | None = Field(
        default=None, description="As customers and providers reach it; links and signatures use it."
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(default=(), description="Addresses whose X-Forwarded-For is believed.")
    workers: int = Field(
        default=1,
        ge=1,
        le=MOST,
        description="Processes that serve the port; more than one needs PostgreSQL and Redis. About one a core.",
    )

    @property
    def base_url(self) -> str:
        """`public_url`, or the address it listens on."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104  # compared, not bound
        return (self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}").rstrip("/")

    @property
    def base_path(self) -> str:
        """The path part of `public_url`, for links inside pages."""
        return urlsplit(self.base_url).path

    @property
    def origin(self) -> str:
        """Scheme, host and port of `public_url`, as browsers send it."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


def too_many(workers: int, document: Document, *, on_sqlite: bool, without_redis: bool) -> list[Problem]:
    """Why there cannot be so many workers: what they share must be on a server."""
    needed = [
        *(["PostgreSQL (database.url)"] if on_sqlite else []),
        *(["Redis (coordination.url)"] if without_redis else []),
    ]
    if workers == 1 or not needed:
        return []
    missing = " and ".join(needed)
    told = f"more than one worker needs PostgreSQL and Redis, and there is no {missing}"
    return [document.problem(("server", "workers"), told, "set it, or run one worker")]
