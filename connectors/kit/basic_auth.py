"""User and password of a request, ours and a stranger's. Source: RFC 7617."""

from base64 import b64decode, b64encode

from config.secrets import Secret


def basic(user: str, password: Secret) -> dict[str, str]:
    """The header that proves us."""
    named = f"{user}:{password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {b64encode(named).decode()}"}


def credentials(coded: str) -> tuple[str, str] | None:
    """User and password as they stand behind `Basic `; None when they do not."""
    try:
        user, colon, password = b64decode(coded.encode(), validate=True).decode().partition(":")
    except ValueError:  # also UnicodeError and binascii.Error, which derive from it
        return None
    return (user, password) if colon else None
