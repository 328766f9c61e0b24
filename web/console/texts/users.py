"""What the page of the console's users says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language

NAV: Final[Mapping[Language, str]] = {"it": "Utenti", "en": "Users"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersTexts:
    """`states` are by what somebody is; `refusals` by `desk.staff.people.Refusal`."""

    title: str
    name: str
    display: str
    role: str
    state: str
    used: str
    never: str
    acts: str
    add: str
    add_hint: str
    create: str
    change_role: str
    disable: str
    sure: str
    enable: str
    new_password: str
    log_out: str
    made: str
    made_hint: str
    you: str
    states: Mapping[str, str]
    refusals: Mapping[str, str]


USERS: Final[Mapping[Language, UsersTexts]] = {
    "it": UsersTexts(
        title="Utenti",
        name="Nome utente",
        display="Nome visibile",
        role="Ruolo",
        state="Stato",
        used="Ultimo uso",
        never="mai",
        acts="Azioni",
        add="Aggiungi un utente",
        add_hint="Con il nome utente si entra; il nome visibile è quello che leggono gli altri.",
        create="Aggiungi",
        change_role="Cambia ruolo di {name}",
        disable="Disabilita",
        sure="Disabilitare {name}? Tutti i suoi accessi vengono chiusi subito.",
        enable="Riabilita",
        new_password="Nuova password",  # noqa: S106  # a label
        log_out="Chiudi accessi",
        made="Password monouso di {name}",
        made_hint="Si vede solo adesso: consegnala di persona. Vale per un solo accesso, entro {lasting}, e lì va sostituita.",
        you="tu",
        states={"active": "attivo", "one_time": "password monouso", "over": "password scaduta", "disabled": "disabilitato"},
        refusals={
            "bad_name": "Da 1 a 80 caratteri: lettere, cifre e . _ @ + -",
            "name_taken": "C'è già un utente con questo nome.",
            "last_admin": "È l'ultimo amministratore attivo: prima creane un altro.",
            "unknown_user": "Questo utente non esiste.",
        },
    ),
    "en": UsersTexts(
        title="Users",
        name="User name",
        display="Display name",
        role="Role",
        state="State",
        used="Last used",
        never="never",
        acts="Actions",
        add="Add a user",
        add_hint="The user name is what one logs in with; the display name is what others read.",
        create="Add",
        change_role="Change the role of {name}",
        disable="Disable",
        sure="Disable {name}? All their log-ins end at once.",
        enable="Enable",
        new_password="New password",  # noqa: S106  # a label
        log_out="End log-ins",
        made="One-time password of {name}",
        made_hint="It is shown only now: hand it over in person. It lets in once, within {lasting}, and is replaced then.",
        you="you",
        states={"active": "active", "one_time": "one-time password", "over": "password ended", "disabled": "disabled"},
        refusals={
            "bad_name": "1 to 80 characters: letters, digits and . _ @ + -",
            "name_taken": "There is a user of this name already.",
            "last_admin": "This is the last active admin: make another one first.",
            "unknown_user": "This user does not exist.",
        },
    ),
}
