"""What the page of the queues says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language

NAV: Final[Mapping[Language, str]] = {"it": "Code", "en": "Queues"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesTexts:
    """Of the table of queues and the tabs above it."""

    title: str
    tabs: str
    dead: str
    quarantine: str
    embedded: str
    rabbit: str
    away: str
    in_quarantine: str
    ready_all: str
    no_queues: str
    queue: str
    ready: str
    leased: str
    course: str
    into: str
    out: str
    consumers: str
    oldest: str
    waits: str
    nobody: str
    not_told: str
    from_to: str
    consumers_unknown: str
    oldest_unknown: str
    rates_are: str
    unknown_local: str
    unknown_rabbit: str


QUEUES: Final[Mapping[Language, QueuesTexts]] = {
    "it": QueuesTexts(
        title="Code",
        tabs="Parti",
        dead="Lettere morte",
        quarantine="Quarantena",
        embedded="Code interne",
        rabbit="RabbitMQ",
        away="Le code non rispondono: i messaggi aspettano nel gateway, nulla va perso.",
        in_quarantine="In quarantena",
        ready_all="Pronti in tutte le code",
        no_queues="Nessuna coda.",
        queue="Coda",
        ready="Pronti",
        leased="Presi",
        course="Andamento",
        into="Entrano/s",
        out="Escono/s",
        consumers="Consumatori",
        oldest="Il più vecchio",
        waits="aspetta da {span}",
        nobody="nessuno la legge",
        not_told="RabbitMQ non lo dice via AMQP",
        from_to="da {first} a {last}",
        consumers_unknown="Chi prende da una coda interna non resta collegato: si vede solo ciò che è preso",
        oldest_unknown="RabbitMQ lo dice solo consegnando il messaggio, e ogni sguardo conta come consegna",
        rates_are=(
            "Le velocità sono medie degli ultimi {window}, su tutti i nodi: entrano i messaggi ricevuti e "
            "pubblicati in quel tempo, ed esce ciò che manca dalla profondità della coda."
        ),
        unknown_local="Una riproduzione (replay) non è contata tra gli ingressi.",
        unknown_rabbit="Ciò che RabbitMQ non dice è segnato con un punto interrogativo.",
    ),
    "en": QueuesTexts(
        title="Queues",
        tabs="Parts",
        dead="Dead letters",
        quarantine="Quarantine",
        embedded="Embedded queues",
        rabbit="RabbitMQ",
        away="The queues do not answer: messages wait in the gateway, nothing is lost.",
        in_quarantine="In quarantine",
        ready_all="Ready in all queues",
        no_queues="No queues.",
        queue="Queue",
        ready="Ready",
        leased="Taken",
        course="Course",
        into="In/s",
        out="Out/s",
        consumers="Consumers",
        oldest="Oldest",
        waits="waiting for {span}",
        nobody="nobody reads it",
        not_told="RabbitMQ does not say so over AMQP",
        from_to="from {first} to {last}",
        consumers_unknown="Who takes from an embedded queue does not stay connected: only what is taken is seen",
        oldest_unknown="RabbitMQ tells only by delivering the message, and every look counts as a delivery",
        rates_are=(
            "Rates are means of the last {window}, over all nodes: in is what was received and published "
            "meanwhile, out is what the depth of the queue lacks of it."
        ),
        unknown_local="A replay is not counted as in.",
        unknown_rabbit="What RabbitMQ does not say has a question mark.",
    ),
}
