"""What the playground of the rules says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaygroundTexts:
    """`why` has the words for an attempt without outcome, `fields` those for fields of a decision, `outcomes` those for what
    became of a rule. What names of fields and deciders have no words are shown as they are."""

    title: str
    trail: str
    rules: str
    brand: str
    all_brands: str
    draft_kept: str
    live_moved: str
    other_draft: str
    to_draft: str
    not_found: str
    keys: str
    text_of: str
    message: str
    channel: str
    subject: str
    text: str
    facts: str
    facts_hint: str
    take_title: str
    id: str
    take: str
    try_: str
    compare: str
    reset: str
    sure_reset: str
    decision: str
    nothing_yet: str
    why: Mapping[str, str]
    problems: str
    decides: str
    live_cannot: str
    decides_otherwise: str
    decides_as_before: str
    field: str
    now: str
    with_these: str
    by: str
    explanation: str
    not_evaluated: str
    left_out: str
    tests: str
    tests_wait: str
    tests_later: str
    tests_failed: str
    tests_passed: str
    no_tests: str
    mismatch: str
    outcomes: Mapping[str, str]
    fields: Mapping[str, str]
    deciders: Mapping[str, str]


PLAYGROUND: Final[Mapping[Language, PlaygroundTexts]] = {
    "it": PlaygroundTexts(
        title="Banco di prova",
        trail="Percorso",
        rules="Regole",
        brand="Marchio",
        all_brands="Tutti gli altri",
        draft_kept="Questa è la tua bozza. Si salva da sola mentre scrivi, e non decide nulla finché non la metti in uso.",
        live_moved="Nel frattempo è stata messa in uso un'altra versione: prima di andare in uso, guarda le differenze.",
        other_draft="Hai già una bozza: se modifichi questa versione, prende il suo posto.",
        to_draft="Torna alla bozza",
        not_found="Nessun messaggio ha questo identificativo.",
        keys="Tab rientra, Maiusc+Tab torna indietro; per uscire dal campo con la tastiera: Esc, poi Tab.",
        text_of="Testo di",
        message="Messaggio",
        channel="Canale",
        subject="Oggetto",
        text="Testo",
        facts="Altri dati: campi, cliente, mittente",
        facts_hint="Uno per riga, come nei test delle regole.",
        take_title="Prendi un messaggio arrivato",
        id="Identificativo del messaggio",
        take="Prendi",
        try_="Prova",
        compare="Confronta e metti in uso…",
        reset="Butta la bozza",
        sure_reset="La bozza va persa. Continuare?",
        decision="Decisione",
        nothing_yet="Scrivi un messaggio o cambia le regole: qui compare dove andrebbe, e perché.",
        why={
            "time": "Ci vuole troppo tempo: la prova è stata interrotta. Riprova con meno regole.",
            "memory": "Serve troppa memoria: la prova è stata interrotta.",
            "busy": "Troppe prove insieme: riprova tra un momento.",
        },
        problems="Errori: {number}",
        decides="Ecco la decisione.",
        live_cannot="Le regole in uso non conoscono alcuni di questi dati: il confronto non è possibile.",
        decides_otherwise="Cambia rispetto alle regole in uso",
        decides_as_before="Come con le regole in uso",
        field="Campo",
        now="In uso",
        with_these="Con queste",
        by="da {rule}",
        explanation="Perché",
        not_evaluated="Non si è potuta calcolare",
        left_out="Altre {number} regole non sono scattate.",
        tests="Test delle regole",
        tests_wait="In corso…",
        tests_later="Partono quando le regole sono senza errori.",
        tests_failed="{number} test su {total} non riusciti",
        tests_passed="Tutti i test riusciti: {total}",
        no_tests="Queste regole non hanno test.",
        mismatch="{field}: atteso {expected}, trovato {got}",
        outcomes={
            "matched": "è scattata",
            "failed": "non è scattata",
            "not_tried": "non provata: una regola finale è scattata prima",
        },
        fields={
            "category": "Categoria",
            "targets": "Code",
            "priority": "Priorità",
            "tags": "Etichette",
            "owners": "Responsabili",
            "sla": "Tempi promessi",
            "product": "Prodotto",
            "playbook": "Guida",
            "reply": "Risposta automatica",
            "notify": "Avvisati",
            "discard": "Scartato",
        },
        deciders={"default": "categoria predefinita", "category": "impostazione della categoria"},
    ),
    "en": PlaygroundTexts(
        title="Playground",
        trail="Trail",
        rules="Rules",
        brand="Brand",
        all_brands="All others",
        draft_kept="This is your draft. It is saved while you type, and decides nothing before you let it go live.",
        live_moved="Another version has gone live meanwhile: look at the differences before yours does.",
        other_draft="You have a draft already: if you edit this version, it takes the draft's place.",
        to_draft="Back to the draft",
        not_found="No message has this id.",
        keys="Tab indents, Shift+Tab goes back; to leave the field with the keyboard: Esc, then Tab.",
        text_of="Text of",
        message="Message",
        channel="Channel",
        subject="Subject",
        text="Text",
        facts="Other facts: fields, customer, sender",
        facts_hint="One a line, as in the tests of the rules.",
        take_title="Take a message that came in",
        id="Id of the message",
        take="Take",
        try_="Try",
        compare="Compare and go live…",
        reset="Throw the draft away",
        sure_reset="The draft will be lost. Go on?",
        decision="Decision",
        nothing_yet="Write a message or change the rules: here you see where it would go, and why.",
        why={
            "time": "It takes too long: the attempt was ended. Try with fewer rules.",
            "memory": "It takes too much memory: the attempt was ended.",
            "busy": "Too many attempts at once: try again in a moment.",
        },
        problems="Errors: {number}",
        decides="This is the decision.",
        live_cannot="The live rules do not know some of these facts: they cannot be compared.",
        decides_otherwise="Other than by the live rules",
        decides_as_before="As by the live rules",
        field="Field",
        now="Live",
        with_these="With these",
        by="by {rule}",
        explanation="Why",
        not_evaluated="Could not be evaluated",
        left_out="{number} more rules did not match.",
        tests="The rules' own tests",
        tests_wait="Running…",
        tests_later="They run as soon as the rules are without errors.",
        tests_failed="{number} of {total} tests failed",
        tests_passed="All tests passed: {total}",
        no_tests="These rules have no tests.",
        mismatch="{field}: expected {expected}, got {got}",
        outcomes={"matched": "matched", "failed": "did not match", "not_tried": "not tried: a final rule matched before"},
        fields={
            "category": "Category",
            "targets": "Queues",
            "priority": "Priority",
            "tags": "Tags",
            "owners": "Owners",
            "sla": "Promised times",
            "product": "Product",
            "playbook": "Playbook",
            "reply": "Automatic reply",
            "notify": "Told besides",
            "discard": "Discarded",
        },
        deciders={"default": "the default category", "category": "the category's own setting"},
    ),
}
