"""What the page to log in says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTexts:
    """`wrong` is by why nobody was let in."""

    title: str
    name: str
    password: str
    enter: str
    wrong: Mapping[str, str]


LOGIN: Final[Mapping[Language, LoginTexts]] = {
    "it": LoginTexts(
        title="Accedi",
        name="Nome utente",
        password="Password",  # noqa: S106  # a label
        enter="Entra",
        wrong={
            "wrong": "Nome utente o password non corretti.",
            "throttled": "Troppi tentativi. Riprova al più tardi tra {wait}.",
            "stale": "La pagina era aperta da troppo: riprova.",
        },
    ),
    "en": LoginTexts(
        title="Log in",
        name="User name",
        password="Password",  # noqa: S106  # a label
        enter="Log in",
        wrong={
            "wrong": "User name or password is not right.",
            "throttled": "Too many tries. Try again in {wait} at the latest.",
            "stale": "The page was open for too long: try again.",
        },
    ),
}
