"""The FAQs of a gateway: which articles there are now, who may ask for them from other sites, and what was read of them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from config.problems import Problem
from connectors.base import Connector, Parsed
from desk.faq.library import Library
from desk.faq.reading import Declared, Stamp, read_folder, stamps
from normalizer.inbound import InboundMessage
from regia.faq_settings import Faq, faq_of
from regia.watch.metrics import FAQ_ARTICLES, FAQ_PROBLEMS

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Shelf:
    """One FAQ: `library` is what is shown now, `stamp` the state of the folder that was read last."""

    name: str
    settings: Faq
    declared: Declared
    origins: tuple[str, ...]
    library: Library
    stamp: tuple[Stamp, ...] = ()
    seen: tuple[Stamp, ...] = field(default=(), repr=False)

    def changed(self) -> bool:
        """Whether files are others than when they were read, and have stayed so since the last look: whoever is writing them
        may not be done yet."""
        before, self.seen = self.seen, stamps(self.declared.folder)
        return self.seen == before and self.seen != self.stamp

    def read(self) -> list[Problem]:
        """Read the folder; where anything is wrong with it, what is shown stays. What is wrong counts as read."""
        self.stamp = self.seen = stamps(self.declared.folder)
        library, problems = read_folder(self.declared)
        FAQ_PROBLEMS.labels(self.name).set(len(problems))
        if not problems:
            self.show(library)
        return problems

    def show(self, library: Library) -> None:
        """From now on."""
        self.library = library
        FAQ_ARTICLES.labels(self.name).set(len(library.ids))


class Faqs:
    """All of them. Made when the gateway is: what is wrong with an article then leaves out that article and nothing else."""

    def __init__(
        self, settings: Mapping[str, Faq], folders: Mapping[str, Path], connectors: Mapping[str, Connector], base_path: str
    ) -> None:
        self.by_connector = {name: wanted for name, one in connectors.items() if (wanted := faq_of(one)) is not None}
        self.shelves = {
            name: _begun(name, faq, declared(name, faq, folders[name], base_path), self._origins(name, faq, connectors))
            for name, faq in settings.items()
        }

    def of_connector(self, connector: str) -> Shelf | None:
        """The FAQ that a connector names."""
        return self.shelves.get(self.by_connector.get(connector, ""))

    def as_read(self, connector: str, parsed: Parsed) -> Parsed:
        """With only those articles as read that there are: what a visitor's page says of it is not believed further."""
        if not any(message.faq for message in parsed.messages):
            return parsed
        shelf = self.of_connector(connector)
        known = frozenset[str]() if shelf is None else shelf.library.ids
        return replace(parsed, messages=tuple(_known(message, known) for message in parsed.messages))

    def _origins(self, name: str, faq: Faq, connectors: Mapping[str, Connector]) -> tuple[str, ...]:
        """The sites of all connectors that name it."""
        users = [connectors[one] for one, wanted in self.by_connector.items() if wanted == name]
        users += [connector for one, connector in connectors.items() if one == faq.form]
        found: list[str] = []
        for connector in users:
            given: Sequence[str] = getattr(connector.settings, "origins", ())
            found += given
        return tuple(dict.fromkeys(found))


def declared(name: str, faq: Faq, folder: Path, base_path: str) -> Declared:
    """What the configuration says of its articles."""
    return Declared(
        folder=folder, languages=faq.languages, categories=tuple(faq.categories), pictures=f"{base_path}/faq/{name}/images/"
    )


def _begun(name: str, faq: Faq, told: Declared, origins: tuple[str, ...]) -> Shelf:
    stamp = stamps(told.folder)
    library, problems = read_folder(told)
    say(name, problems, "an article of a FAQ is left out")
    shelf = Shelf(name, faq, told, origins, library, stamp, stamp)
    FAQ_PROBLEMS.labels(name).set(len(problems))
    shelf.show(library)
    return shelf


def say(name: str, problems: Sequence[Problem], told: str) -> None:
    """A line in the log for each."""
    for problem in problems:
        logger.warning(told, extra={"faq": name, "problem": str(problem)})


def _known(message: InboundMessage, known: frozenset[str]) -> InboundMessage:
    return structs.replace(message, faq=tuple(one for one in message.faq if one in known))
