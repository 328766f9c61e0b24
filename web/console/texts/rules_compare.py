"""What the page says on which a version of the rules is compared with the live one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language
from web.console.texts.playground import PLAYGROUND
from web.console.texts.rules import RULES
from web.console.texts.rules_texts import RulesTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTexts:
    """`not_compared`, `refused`: why not. `rules` are the texts of the rules' own page, `deciders` those of the playground."""

    most: str
    most_unit: str
    playground: str
    compare_title: str
    draft: str
    same: str
    cannot_load: str
    on_messages: str
    changed_of: str
    counts: str
    from_: str
    not_all: str
    no_messages: str
    after: str
    who_decides: str
    more_ways: str
    missing: str
    not_reproduced: str
    tests: str
    not_tested: str
    tests_failed: str
    tests_passed: str
    no_tests: str
    go_live: str
    go_live_says: str
    anyway: str
    go_live_now: str
    roll_back_now: str
    admin_only: str
    lines: str
    more_lines: str
    not_compared: Mapping[str, str]
    refused: Mapping[str, str]
    rules: RulesTexts
    deciders: Mapping[str, str]

    def number_choices(self, numbers: Sequence[int]) -> list[tuple[int, str]]:
        """So many messages at most."""
        return [(one, self.most_unit.format(number=one)) for one in numbers]


COMPARE: Final[Mapping[Language, CompareTexts]] = {
    "it": CompareTexts(
        most="Messaggi",
        most_unit="al massimo {number}",
        playground="Banco di prova",
        compare_title="Che cosa cambierebbe",
        draft="bozza",
        same="Questa è la versione in uso: non cambia nulla.",
        cannot_load="Non si può leggere",
        on_messages="Sui messaggi arrivati",
        changed_of="su {total} andrebbero diversamente",
        counts="{same} come ora, {left_out} non confrontabili",
        from_="dal",
        not_all="Sono i {last} più recenti: nel periodo ce ne possono essere altri.",
        no_messages="In questo periodo non è arrivato nessun messaggio.",
        after="Poi",
        who_decides="Chi decide",
        more_ways="Altri {number} messaggi in altri modi.",
        missing="{number} messaggi senza {fact}: non confrontabili.",
        not_reproduced="{number} messaggi non vengono decisi come all'arrivo: per loro il confronto può sbagliare.",
        tests="Test delle regole",
        not_tested="I test non si sono potuti eseguire.",
        tests_failed="{number} test su {total} non riusciti",
        tests_passed="Tutti i test riusciti: {total}",
        no_tests="Queste regole non hanno test.",
        go_live="Mettere in uso",
        go_live_says=(
            "Da quel momento ogni nodo decide con questa versione. I messaggi già decisi restano dove sono. "
            "Si torna indietro con un clic, dalle versioni."
        ),
        anyway="Sì, anche se alcuni test non riescono",
        go_live_now="Salva e metti in uso",
        roll_back_now="Metti in uso questa versione",
        admin_only="Per metterla in uso serve un amministratore.",
        lines="Differenze nei file",
        more_lines="Altre {number} righe.",
        not_compared={
            "time": "Ci vuole troppo tempo: scegli meno messaggi.",
            "unusable": "Questa versione non si può caricare qui.",
        },
        refused={
            "moved": "Nel frattempo è cambiata la bozza o la versione in uso: guarda di nuovo le differenze.",
            "unusable": "Questa versione non si può usare: non è stato cambiato nulla.",
            "tests_fail": "Alcuni test non riescono: conferma se vuoi andare avanti.",
        },
        rules=RULES["it"],
        deciders=PLAYGROUND["it"].deciders,
    ),
    "en": CompareTexts(
        most="Messages",
        most_unit="at most {number}",
        playground="Playground",
        compare_title="What would change",
        draft="draft",
        same="This is the live version: nothing changes.",
        cannot_load="It cannot be read",
        on_messages="On the messages that came in",
        changed_of="of {total} would go otherwise",
        counts="{same} as now, {left_out} cannot be compared",
        from_="from",
        not_all="These are the newest {last}: the period may have more.",
        no_messages="No message came in during this period.",
        after="Then",
        who_decides="Who decides",
        more_ways="{number} more messages in other ways.",
        missing="{number} messages without {fact}: they cannot be compared.",
        not_reproduced="{number} messages are not decided as when they came in: of these the comparison may be wrong.",
        tests="The rules' own tests",
        not_tested="The tests could not be run.",
        tests_failed="{number} of {total} tests failed",
        tests_passed="All tests passed: {total}",
        no_tests="These rules have no tests.",
        go_live="Go live",
        go_live_says=(
            "From then on every node decides by this version. What was decided stays where it is. You go "
            "back with one click, from the versions."
        ),
        anyway="Yes, though some tests fail",
        go_live_now="Save and go live",
        roll_back_now="Let this version go live",
        admin_only="An admin can let it go live.",
        lines="Differences in the files",
        more_lines="{number} more lines.",
        not_compared={
            "time": "It takes too long: choose fewer messages.",
            "unusable": "This version cannot be loaded here.",
        },
        refused={
            "moved": "The draft or the live version has changed meanwhile: look at the differences again.",
            "unusable": "This version cannot be used: nothing was changed.",
            "tests_fail": "Some tests fail: confirm if you want to go on.",
        },
        rules=RULES["en"],
        deciders=PLAYGROUND["en"].deciders,
    ),
}
