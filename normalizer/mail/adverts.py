"""Lines of mail clients about themselves, and what they and their users say of forwards and answers below.

Every pattern is bounded in all its repetitions, for it meets text of strangers.
"""

import re
from typing import Final

from normalizer.mail.headlines import any_of, pattern

_MAX_LINE: Final = 200

FORWARDED: Final = pattern(
    r"[>\s]{0,20}(?:[-_]{3,20}\s?)?",
    any_of(
        "(?:begin |start of )?forwarded (?:message|mail)|forwarded by",
        "(?:inizio (?:del )?)?messaggio inoltrato|anfang der weitergeleiteten (?:nachricht|e-mail|mail)",
        "weitergeleitete (?:nachricht|mail|e-mail)",
        "(?:début du )?(?:message|courriel|mail|e-mail) (?:transféré|réexpédié)",
        "(?:inicio del )?mensaje (?:reenviado|remitido)|(?:início da )?mensagem (?:encaminhada|reencaminhada)",
        "(?:begin )?doorgestuurd bericht|begin van doorgestuurd bericht|(?:wiadomość przekazana|przekazana wiadomość)",
        "początek przekaz(?:yw)?anej wiadomości|treść przekaz(?:yw)?anej wiadomości",
        "(?:wiadomość|treść) przesłana dalej",
        "videresendt (?:besked|melding)|vidarebefordrat meddelande",
    ),
    r"(?!\w)\s?:?\s?",
    any_of(r"[-_]{0,20}\s{0,5}", r"(?:from .{1,200})?[-_]{3,20}\s{0,5}(?P<headers>\S.{0,800})?"),
)
"""Yahoo writes all headers of the forwarded mail behind it, on the same line."""

FORWARD_SUBJECT: Final = pattern(
    r"\s{0,20}(?:\[[^\[\]]{1,40}\]\s?)?",
    any_of(*("fw", "fwd", "i", "wg", "tr", "rv", "enc", "pd", "fs", "doorst", "inoltro", "vb", "vs", "trans", "transf")),
    r"(?:\[\d{1,3}\])?\s?:.*",
)
REPLY_SUBJECT: Final = pattern(
    r"\s{0,20}(?:\[[^\[\]]{1,40}\]\s?)?",
    any_of(
        *("re", "r", "aw", "antw", "antwort", "odp", "rif", "res", "ref", "resp", "rép", "sv", "回复", "答复", "返信", "atb")
    ),
    r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s?[:\uff1a].*",
)

_SENT = any_of(
    "sent (?:from|via|with|by|using)|inviat[oa] (?:da|dal|dalla|dall.|con|tramite)|spedito (?:da|dal)",
    "von mein(?:em|er)|gesendet (?:von|vom|mit|über|aus)|diese nachricht wurde (?:von|mit)|verschickt (?:von|mit)",
    "envoyé (?:de|depuis|à partir|avec|via|par)|enviado (?:desde|do|da|de|a partir|con|com|pelo|via|por|vía)",
    "(?:verzonden|verstuurd|gestuurd) (?:vanaf|van|vanuit|met|via)",
    "wysłan[eoay] (?:z|ze|przez|za pomocą|przy użyciu)",
    "skickat från|sendt fra|get|scarica|ottieni|hol(?:en sie sich|e dir)?|obten(?:er|ez|ir|ga|ha)|obtén",
    "télécharge[rz]|descargar?|ob(?:ter|tenha) o|baix(?:e|ar) o|download|haal|pobierz",
)
_PRODUCT = any_of(
    r"i(?:phone|pad|pod|os)(?:.?a)?|mac(?:book)?|android\w{0,4}|samsung\w{0,2}|galaxy|huawei|honor",
    "xiaomi|redmi|poco|oppo|oneplus|realme|pixel|nokia|sony|xperia|htc|lg|moto(?:rola)?",
    r"blackberry|fairphone|windows|surface|smartphone\w{0,2}|phone|handy|telefon\w{0,3}|téléphone",
    r"tel[eé]fono|telefone|telefoon|mobile|mobil\w{0,10}|móvil|celular|cellulare|komórki",
    r"tablet\w{0,3}|tablette|device|gerät|dispositivo|appareil|apparaat|toestel|urządzenia",
    "outlook|yahoo|gmail|aol|proton|tuta(?:nota)?|spark|airmail|mailbird|em client|thunderbird",
    r"k-9|fairemail|bluemail|edison|canary|newton|nine|gmx|web\.de|freenet|t-online|libero",
    "virgilio|tiscali|orange|sfr|laposte|zimbra|zoho|mailspring|superhuman|mimestream|boxer",
    r"mymail|mail\.ru|yandex|onet|wp|interia|o2|e?-?mail|correo|posta|poczt[ay]|courrier",
)
_ADVERT = pattern(
    rf"(?:{_SENT}\s.{{0,60}}?(?<!\w){_PRODUCT}(?!\w).{{0,60}}|outlook (?:for|per|für|pour|para|voor|dla) .{{2,60}})"
)
_LINK: Final = re.compile(r"[<(\[]{0,2}https?://[^\s<>()]{1,150}[>)\]]{0,2}|[\[\]]")
_SENTENCE: Final = re.compile(r"[!?]|[,;:] [a-zß-ÿąćęłńóśźż]|\. \S|\bexcuse|\b(?:i|ich|je|yo|eu|ik|ja|io) ")
"""Goes on as nobody's program would: `Sent from my kitchen, where the windows are open`."""

_BELOW = any_of(
    "below|inline|in-line|in line|underneath|between the lines|in (?:red|blue|green|bold|colou?r|capitals|caps)",
    "(?:qui )?sotto|di seguito|in (?:rosso|blu|verde|grassetto|maiuscolo)|nel testo|tra le righe",
    "unten(?:stehend)?|weiter unten|im text|darunter|zwischen den zeilen|in (?:rot|blau|grün|fett|farbe)",
    "ci-dessous|plus bas|en (?:rouge|bleu|vert|gras|majuscules|couleur)|dans le texte|dans votre (?:message|mail)",
    "(?:más )?abajo|a continuación|en (?:rojo|azul|verde|negrita|mayúsculas)|en el texto|entre líneas",
    "(?:mais )?abaixo|a seguir|em (?:vermelho|azul|verde|negrito|maiúsculas)|no (?:próprio )?texto",
    "hieronder|onderstaand|hierbeneden|in (?:het )?(?:rood|blauw|groen|vet)|in de tekst|tussen de regels",
    r"poniżej|niżej|w tekście|na (?:czerwono|niebiesko|zielono)|pogrubion\w{1,3}|między wierszami",
)
_ANSWER = any_of(
    r"see|answer\w{0,3}|repl(?:y|ies|ied)|respon\w{1,6}|comment\w{0,3}|my (?:notes?|text|remarks)|marked",
    "ved(?:i|a|ere|ete)|rispost[aeo]|risp(?:ondo|osto)|comment[io]|(?:mie )?note|ho scritto",
    r"siehe?|s\.|antworte?n?|beantwortet|kommentare?|anmerkung(?:en)?|geschrieben|markiert",
    "voir|voyez|réponses?|répon(?:ds|du)|commentaires?|remarques?",
    r"ver|vea(?:se)?|respuestas?|respond[oí]|comentarios?|contest\w{1,6}|vej[ao]|respostas?|respondi",
    r"zie|antwoord(?:en)?|beantwoord|opmerkingen|reacties?|zob\.?|zobacz|patrz|odpowied\w{1,4}",
    r"odpisał\w{1,3}|komentarz\w{0,3}|uwagi",
)
ANSWERS_BELOW: Final = pattern(
    rf"(?<!\w)(?:{_ANSWER}(?!\w)[^.!?\n]{{0,80}}?(?<!\w){_BELOW}|{_BELOW}(?!\w)[^.!?\n]{{0,60}}?(?<!\w){_ANSWER})(?!\w)"
)
"""`My answers are below in red`: the words that follow are the customer's, between those they quote."""


def advert(line: str) -> bool:
    """Whether a line is a client's advertisement for itself: `Sent from my iPhone`, `Scarica Outlook per Android`."""
    line = line.strip()
    if not line or len(line) > _MAX_LINE:
        return False
    plain = " ".join(_LINK.sub(" ", line).split())
    return _ADVERT.fullmatch(plain) is not None and _SENTENCE.search(plain) is None
