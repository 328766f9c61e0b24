"""What people who use the console may do: three roles, each of which may do all that the one before may."""

from typing import Final, Literal, get_args

Role = Literal["viewer", "agent", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


def role_of(text: str) -> Role | None:
    """The role of this name."""
    return next((role for role in ROLES if role == text), None)


def may(has: Role, needed: Role) -> bool:
    """Whether somebody with the role `has` may do what `needed` may."""
    return ROLES.index(has) >= ROLES.index(needed)
