"""What the page of one's own account says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTexts:
    """`refusals` has the words for why a password is not taken, by `desk.staff.people.Refusal`."""

    title: str
    signed_in_as: str
    first: str
    password: str
    old: str
    new: str
    again: str
    hint: str
    change: str
    look: str
    logins: str
    since: str
    used: str
    this_one: str
    log_out_elsewhere: str
    refusals: Mapping[str, str]


ACCOUNT: Final[Mapping[Language, AccountTexts]] = {
    "it": AccountTexts(
        title="Il mio profilo",
        signed_in_as="Nome utente",
        first="Scegli una password tua: quella con cui sei entrato vale solo per questo.",
        password="Password",  # noqa: S106  # a label
        old="Password attuale",
        new="Nuova password",
        again="Ancora la nuova password",
        hint="Almeno 12 caratteri. Tre o quattro parole a caso vanno benissimo.",
        change="Cambia password",
        look="Lingua e aspetto",
        logins="Dove sei entrato",
        since="Da",
        used="Ultimo uso",
        this_one="questo browser",
        log_out_elsewhere="Chiudi gli altri accessi",
        refusals={
            "wrong_password": "Questa non è la tua password attuale.",
            "too_short": "È troppo corta: almeno 12 caratteri.",
            "too_long": "È troppo lunga: al massimo 200 caratteri.",
            "is_name": "È il tuo nome: chiunque lo proverebbe.",
            "too_common": "È tra le password più usate: chiunque la proverebbe.",
            "not_the_same": "Le due nuove password non sono uguali.",
            "no_new_one": "È uguale a quella di prima.",
        },
    ),
    "en": AccountTexts(
        title="My profile",
        signed_in_as="User name",
        first="Choose a password of your own: the one you logged in with is good for this only.",
        password="Password",  # noqa: S106  # a label
        old="Current password",
        new="New password",
        again="New password again",
        hint="At least 12 characters. Three or four words at random are fine.",
        change="Change password",
        look="Language and appearance",
        logins="Where you are logged in",
        since="Since",
        used="Last used",
        this_one="this browser",
        log_out_elsewhere="End the other log-ins",
        refusals={
            "wrong_password": "This is not your current password.",
            "too_short": "It is too short: at least 12 characters.",
            "too_long": "It is too long: at most 200 characters.",
            "is_name": "It is your name: anybody would try it.",
            "too_common": "It is one of the most common: anybody would try it.",
            "not_the_same": "The two new passwords are not the same.",
            "no_new_one": "It is the same as before.",
        },
    ),
}
