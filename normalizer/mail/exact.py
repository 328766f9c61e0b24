"""Whether a line is what a mail client writes above a quote and nothing else: a date, a time, a name, an address."""

import re
from typing import Final

from normalizer.mail.headlines import BRACKETED, VERB

# ruff: noqa: SIM905  # words are listed in lines rather than in columns
_OF_CLIENTS: Final = frozenset(
    (
        # What stands beside date, name and verb.
        "on at in a message dated via am pm a.m p.m il giorno alle ore alla data ha in hat um uhr folgendes vom von"
        " am le à el las la(s a.m p.m dia día às à(s em no de op om heeft het volgende dnia w dniu o godz użytkownik przez"
        " den dne kl kl. klo st nd rd th er cest cet utc gmt mesz mez"
        # Parts of names.
        " van der den ter ten te zu da di del della dos das du e y und and et en & bei for"
        # Names of shops.
        " service customer support team help desk clients clienti cliente clientes al a à la atención obsługa klienta"
        " klantenservice kundenservice assistenza sklep shop store"
        # Days and months, in full and cut short.
        " lun mar mer gio ven sab dom lunedì martedì mercoledì giovedì venerdì sabato domenica"
        " lundi mardi mercredi jeudi vendredi samedi dimanche jeu sam dim"
        " lunes martes miércoles jueves viernes sábado domingo mié mie jue vie sáb"
        " seg ter qua qui sex segunda-feira terça-feira quarta-feira quinta-feira sexta-feira segunda terça quarta quinta sexta"
        " ma di wo do vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"
        " pon wt śr sr czw pt pią sob niedz nie poniedziałek wtorek środa czwartek piątek sobota niedziela"
        " mån tis ons tor tors fre lör sön man tir lør søn"
        " gen feb apr mag giu lug ago set ott nov dic gennaio febbraio marzo aprile maggio giugno luglio agosto settembre"
        " ottobre novembre dicembre janv févr mars avr mai juin juil août sept oct déc janvier février avril juillet septembre"
        " octobre décembre ene abr may jun jul sep enero febrero abril mayo junio julio septiembre octubre noviembre diciembre"
        " jan fev out dez janeiro fevereiro março maio junho julho setembro outubro novembro dezembro"
        " mrt mei aug okt dec januari februari maart april juni juli augustus september oktober november december"
        " sty lut kwi maj cze lip sie wrz paź lis gru stycznia lutego marca kwietnia maja czerwca lipca sierpnia września"
        " października listopada grudnia januar februar märz maj marts"
    ).split()
)
_OF_SENTENCES: Final = re.compile(
    r"(?<!\w)(?:Herrn?|Frau|Ihre?[mnrs]?|Unsere?[mnrs]?|Kolleg\w{1,6}|Mitarbeiter\w{0,5}|Your|Mr|Mrs|Colleague|Collega|Signor\w?"
    r"|Sig\.(?:ra)?|Monsieur|Madame|Mme|Señora?|Sra?\.|Senhora?|Pan[ia]|Pańsk\w{1,3}|Państwa|Wasz\w{0,2}|Meneer|Mevrouw)(?!\w)"
)
"""In capitals; what is written small is no word of a client's anyway."""
_IN_QUOTES: Final = re.compile(r'"[^"]{1,100}"')
_ROUND: Final = re.compile(r"\([^()\s@]{1,100}@")


def is_exact(text: str) -> bool:
    """Without quote marks below it, only such a line ends the customer's words. Words in small letters that no client
    writes, possessives and forms of address make it a sentence of somebody who tells what another wrote."""
    if _OF_SENTENCES.search(BRACKETED.sub(" ", text)) or _ROUND.search(text):
        return False
    plain = VERB.sub(" ", BRACKETED.sub(" ", _IN_QUOTES.sub(" ", text)))
    return all(_fits(word.strip(",;:.()\"'*-\u2013\u200e")) for word in plain.split())


def _fits(word: str) -> bool:
    if not word or not word[0].islower():
        return True
    return word in _OF_CLIENTS or "@" in word or any(character.isdigit() for character in word)
