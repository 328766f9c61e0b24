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

_SENT: Final = pattern(
    any_of(
        "sent (?:from|via|with|by|using)|inviat[oa] (?:da|dal|dalla|dall.|con|tramite)|spedito (?:da|dal)",
        "von mein(?:em|er)|gesendet (?:von|vom|mit|über|aus)|diese nachricht wurde (?:von|mit)|verschickt (?:von|mit)",
        "envoyé (?:de|depuis|à partir|avec|via|par)|enviado (?:desde|do|da|de|a partir|con|com|pelo|via|por|vía)",
        "(?:verzonden|verstuurd|gestuurd) (?:vanaf|van|vanuit|met|via)",
        "wysłan[eoay] (?:z|ze|przez|za pomocą|przy użyciu)|skickat från|sendt fra",
    )
    + r"(?!\w)"
)
_FETCH: Final = pattern(
    any_of(
        "get|scarica|ottieni|hol(?:en sie sich|e dir)?|obten(?:er|ez|ir|ga|ha)|obtén|hämta|hent",
        "télécharge[rz]|descargar?|ob(?:ter|tenha) o|baix(?:e|ar) o|download|haal|pobierz",
    )
    + r"(?!\w)|(?=outlook )"
)
_PROGRAM = any_of(
    "outlook|yahoo!?|gmail|aol|proton(?:mail)?|tuta(?:nota)?|spark|airmail|mailbird|em client|thunderbird|mozilla",
    r"k-9|fairemail|bluemail|edison|canary|newton|gmx(?:\.\w{2,3})?|web\.de|freenet(?:mail)?|t-online|libero(?:mail)?",
    "virgilio|tiscali|orange|sfr|laposte|zimbra|zoho|mailspring|superhuman|mimestream|boxer|nine",
    r"mymail|mail\.ru|yandex|onet|wp|interia|o2|hey|inbox|courriel|workspace one",
)
_DEVICE = any_of(
    r"i(?:phone|pad|pod|os)(?:.?a)?|mac(?:book)?|android\w{0,4}|samsung\w{0,2}|galaxy|huawei|honor",
    "xiaomi|redmi|poco|oppo|oneplus|realme|pixel|nokia|sony|xperia|htc|lg|moto(?:rola)?",
    "blackberry|fairphone|windows(?: (?:phone|mobile|[78]|1[01]))?|surface|chromebook|mail (?:for|per|für|pour|para|voor|dla)",
)
_OWN = any_of(
    "(?:my|mein(?:em|er)|meu|minha|mi|mijn|mon|ma|il mio|mio|mia|mojego|mojej|min|mitt)",
    "(?:dal|dalla) (?:mio|mia)|(?:del|do|da) (?:mi|meu|minha)|od mojego",
)
_THING = any_of(
    r"(?:mobile |cell |smart)?phone|smartphone\w{0,2}|mobile(?: device| phone)?|tablet\w{0,3}|handy|mobiltelefon|mobilgerät",
    "telefono(?: cellulare)?|cellulare|tablette|téléphone(?: portable)?|portable|mobile|móvil",
    r"dispositivo(?: m[oóò][vb]il\w?)?",
    "teléfono(?: móvil)?|celular|telemóvel|telefone|telefoon|mobiel(?:e telefoon)?|telefonu|smartfona|komórki|device|gerät",
)
_BESIDE = any_of(
    "my|the|a|an|for|on|with|by|app|application|mobile|smart|phone|smartphone|tablet|device|handset|wireless|secure|email|e-mail",
    "mail|webmail|mailbox|beta|pro|plus|ultra|max|mini|lite|note|air|se|5g|lte|edge|fold|flip|desktop|system|touch|basic|fast",
    "il|mio|mia|lo|la|per|su|con|da|dal|dispositivo|cellulare|telefono|posta|app",
    "meinem|meiner|mein|dem|der|für|auf|mit|von|vom|gerät|handy|mobiltelefon|gesendet|verschickt|beziehen|herunterladen",
    "mon|ma|mes|le|de|depuis|pour|sur|avec|d|l|téléphone|portable|mobile|appareil|application|partir|à",
    "mi|el|desde|para|en|teléfono|móvil|celular|dispositivo|aplicación|correo|del",
    "meu|minha|o|do|no|com|telemóvel|telefone|aplicação|aplicativo|a",
    "mijn|de|het|een|voor|op|met|vanaf|telefoon|toestel|apparaat|downloaden",
    "mojego|mojej|z|ze|na|dla|systemu|urządzeni[au]|telefonu|smartfona|aplikacj[ęi]|programu|poczt[ay]|pomocą",
    "från|fra|min|till|til|för|sie|dir|sich|aus|über|-",
)
_MODEL = r"[a-z]{1,4}\d{1,3}[a-z]{0,3}|\d{1,2}[a-z]{0,2}"
"""`S21`, `12`, `13T`: no more digits than models have."""
_WORD: Final = pattern(rf"(?:{_PROGRAM}|{_DEVICE}|{_BESIDE}|{_MODEL})")
_BRAND: Final = pattern(rf"(?<!\w)(?:{_PROGRAM}|{_DEVICE})(?!\w)")
_NAMED: Final = pattern(rf"(?<!\w){_PROGRAM}(?!\w)")
_BY_THING: Final = pattern(rf"\s?(?:{_OWN}\s)?{_THING}(?: (?:gesendet|verschickt))?")
_MAX_BEFORE: Final = 3
"""Words between `Sent from` and the name of a product."""
_EXCUSE: Final = pattern(
    r"(?:\.? (?:please excuse|bitte entschuldigen sie|veuillez excuser|disculpe)\s\D{0,80}",
    r"| on the [\w&-]{1,20} network\.?)$",
)
_JOINED: Final = re.compile(r"(?<=[dl])['\u2019]|-|(?<=\w):(?=\w)")
_LINK: Final = re.compile(r"[<(\[]{0,2}https?://[^\s<>()]{1,150}[>)\]]{0,2}|[\[\]()®™]")

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
    """Whether a line is a client's advertisement for itself: `Sent from my iPhone`, `Scarica Outlook per Android`.

    Every word must be one that such lines have: `Sent with DHL as a phone` is somebody's sentence.
    """
    line = line.strip()
    if not line or len(line) > _MAX_LINE:
        return False
    plain = " ".join(_LINK.sub(" ", line).split())
    if excuse := _EXCUSE.search(plain):
        plain = plain[: excuse.start()]
    plain = plain.rstrip(" .!|*_").lstrip("*_ ")
    if sent := _SENT.match(plain):
        rest = plain[sent.end() :]
        return _BY_THING.fullmatch(rest) is not None or _names(rest.split(), _BRAND)
    fetch = _FETCH.match(plain)
    return fetch is not None and _names(plain[fetch.end() :].split(), _NAMED)


def _names(words: list[str], product: re.Pattern[str]) -> bool:
    """Whether a product comes first or nearly so, and only words follow that adverts have."""
    if not all(_WORD.fullmatch(word.strip(".,'\u2019!")) or product.fullmatch(word) for word in _apart(words)):
        return False
    found = product.search(" ".join(words))
    return found is not None and len(" ".join(words)[: found.start()].split()) <= _MAX_BEFORE


def _apart(words: list[str]) -> list[str]:
    """`d'Outlook`, `Android-Gerät` in their pieces; names with a hyphen stay."""
    return [piece for word in words for piece in ([word] if _WORD.fullmatch(word) else _JOINED.split(word)) if piece]
