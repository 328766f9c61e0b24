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
            "ended": "Questa password monouso è già stata usata o è scaduta. Chiedine un'altra a un amministratore,"
            " o sulla macchina del gateway esegui: regia user password NOME",
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
            "ended": "This one-time password was used already or has ended. Ask an admin for another one,"
            " or run on the gateway's machine: regia user password NAME",
            "throttled": "Too many tries. Try again in {wait} at the latest.",
            "stale": "The page was open for too long: try again.",
        },
    ),
}
