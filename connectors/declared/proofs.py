"""What the schemes of signatures share: entries of a header, comparison, and the time of a signature."""

from collections.abc import Iterable
from datetime import UTC, datetime

from config.secrets import Secret
from connectors.base import Request
from connectors.errors import Rejected
from connectors.kit.signatures import is_one_of
from connectors.reading import moment


def any_fits(given: Iterable[str], made: Iterable[str]) -> bool:
    """Whether one that was given is one of those made, in a time that does not tell which."""
    wanted = [Secret(one) for one in made]
    return any([is_one_of(one, wanted) for one in given])  # noqa: C419  # all of them are looked at


def parameters_of(header: str) -> dict[str, list[str]]:
    """`t=1,v1=a,v1=b` by name; a name may stand more than once while a secret is changed."""
    found: dict[str, list[str]] = {}
    for part in header.split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def check_time(stamp: str, request: Request, tolerance: int) -> None:
    """Seconds or milliseconds since 1970, or RFC 3339. Raises `Rejected("signature_stale")`."""
    at = moment(stamp) or _rfc3339(stamp)
    if at is None or abs((request.received_at - at).total_seconds()) > tolerance:
        raise Rejected("signature_stale", f"it was signed more than {tolerance} seconds from now")


def _rfc3339(stamp: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
