"""How the clients of the world quote, in eight languages, and what customers write that looks like a quote."""

# ruff: noqa: E501, SIM905  # lines as clients write them, and words in lines

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.quotes import new_words

SHOP = "Kitchen & Co <help@kitchen.example>"

WORDS = {
    "en": "Hello,\n\nthe lid is still missing.\n\nMany thanks\nAnna",
    "it": "Buongiorno,\nla padella è arrivata graffiata.\n\nGrazie\nAnna Però",
    "de": "Guten Tag,\n\nder Griff ist abgebrochen. Was nun?\n\nMit freundlichen Grüßen\nAnna Groß",
    "fr": "Bonjour,\n\nla poêle n'est pas arrivée : que faire ?\n\nCordialement,\nAnne Leroy",
    "es": "Buenos días:\n\n¿cuándo llega la sartén?\n\nUn saludo\nAna Núñez",
    "pt": "Bom dia,\n\na frigideira chegou partida.\n\nObrigada\nAna Gonçalves",
    "nl": "Hallo,\n\nde pan is kapot aangekomen.\n\nGroeten\nAnneke",
    "pl": "Dzień dobry,\n\npatelnia jest porysowana.\n\nPozdrawiam\nŁucja Wiśniewska",
}

MARKED = "\n\n> Dear customer,\n> your parcel is on its way.\n>\n> Kitchen & Co"
PLAIN = "\n\nDear customer,\nyour parcel is on its way.\n\nKitchen & Co"

# Name: language of the words, what the client puts below them.
REPLIES = {
    "Spark": ("en", f"On 3 Jun 2024, 10:30 +0200, {SHOP}, wrote:{MARKED}"),
    "Spark without marks": ("de", f"Am 3. Juni 2024, 10:30 +0200 schrieb {SHOP}:{PLAIN}"),
    "Airmail": ("en", f"On 3 June 2024 at 10:30:12, Kitchen & Co (help@kitchen.example) wrote:{MARKED}"),
    "Airmail, Italian": (
        "it",
        f"Il giorno 3 giugno 2024 alle ore 10:30:12, Kitchen (help@kitchen.example) ha scritto:{MARKED}",
    ),
    "Mailbird": ("en", f"On 03/06/2024 10:30:12, {SHOP} wrote:{PLAIN}"),
    "Roundcube, English": ("en", f"On 2024-06-03 10:30, Kitchen & Co wrote:{MARKED[1:]}"),
    "Roundcube, French": ("fr", f"Le 2024-06-03 10:30, Kitchen & Co a écrit\xa0:{MARKED[1:]}"),
    "Roundcube, Spanish": ("es", f"El 2024-06-03 10:30, Kitchen & Co escribió:{MARKED[1:]}"),
    "Roundcube, Portuguese": ("pt", f"Em 2024-06-03 10:30, Kitchen & Co escreveu:{MARKED[1:]}"),
    "Roundcube, Dutch": ("nl", f"Kitchen & Co schreef op 2024-06-03 10:30:{MARKED[1:]}"),
    "Roundcube, own date": ("de", f"Am 03.06.2024 10:30, schrieb Kitchen & Co:{MARKED[1:]}"),
    "Outlook for iOS": (
        "en",
        "Get Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n"
        f"From: {SHOP}\nSent: Monday, June 3, 2024 10:30:12 AM\nTo: Anna <anna@mail.example>\nSubject: Your order{PLAIN}",
    ),
    "Outlook for Android, French": (
        "fr",
        "Télécharger Outlook pour Android<https://aka.ms/AAb9ysg>\n________________________________\n"
        f"De : {SHOP}\nEnvoyé : lundi 3 juin 2024 10:30\nÀ : Anne <anne@mail.example>\nObjet : Commande{PLAIN}",
    ),
    "Outlook for Android, Polish": (
        "pl",
        "Pobierz aplikację Outlook dla systemu Android<https://aka.ms/AAb9ysg>\n________________________________\n"
        f"Od: {SHOP}\nWysłane: poniedziałek, 3 czerwca 2024 10:30\nDo: Łucja <l@poczta.example>\nTemat: Zamówienie{PLAIN}",
    ),
    "Outlook for iOS, Dutch": (
        "nl",
        "Outlook voor iOS<https://aka.ms/o0ukef> downloaden\n________________________________\n"
        f"Van: {SHOP}\nVerzonden: maandag 3 juni 2024 10:30\nAan: Anneke <a@post.example>\nOnderwerp: Bestelling{PLAIN}",
    ),
    "Outlook, names only": (
        "de",
        "Von: Kitchen & Co Kundenservice\nGesendet: Montag, 3. Juni 2024 10:30\nAn: Anna Groß\nBetreff: AW: Pfanne" + PLAIN,
    ),
    "Outlook, no subject": ("it", f"Da: {SHOP}\nInviato: lunedì 3 giugno 2024 10:30\nA: Anna <anna@posta.example>{PLAIN}"),
    "Outlook, Cc and importance": (
        "pt",
        f"De: {SHOP}\nEnviada em: segunda-feira, 3 de junho de 2024 10:30\nPara: Ana <ana@correio.example>\n"
        f"Cc: 'Rui' <rui@correio.example>\nAssunto: Encomenda\nPrioridade: Alta{PLAIN}",
    ),
    "Outlook for Mac": (
        "es",
        f"De: {SHOP}\nFecha: lunes, 3 de junio de 2024, 10:30\nPara: Ana <ana@correo.example>\nAsunto: Pedido{PLAIN}",
    ),
    "Outlook, many recipients": (
        "en",
        f"From: {SHOP}\nSent: 03 June 2024 10:30\nTo: Anna <anna@mail.example>; Bob <bob@mail.example>;\n"
        f"Carla <carla@mail.example>; Dora <dora@mail.example>\nSubject: RE: Order{PLAIN}",
    ),
    "Exchange mobile": (
        "en",
        f"-------- Original message --------\nFrom: {SHOP}\nDate: 03/06/2024 10:30 (GMT+01:00)\nTo: anna@mail.example\n"
        f"Subject: Order{PLAIN}",
    ),
    "Exchange mobile, Spanish": (
        "es",
        f"-------- Mensaje original --------\nDe: {SHOP}\nFecha: 3/6/24 10:30 (GMT+01:00)\nPara: ana@correo.example\n"
        f"Asunto: Pedido{PLAIN}",
    ),
    "HTC": ("en", f"Sent from my HTC\n\n----- Reply message -----\nFrom: {SHOP}\nTo: anna@mail.example\nDate: Mon{PLAIN}"),
    "Lotus Notes": ("de", f"Kitchen & Co <help@kitchen.example> schrieb am 03.06.2024 10:30:12:{MARKED}"),
    "iNotes": (
        "en",
        f"-----{SHOP} wrote: -----\nTo: anna@mail.example\nFrom: {SHOP}\nDate: 06/03/2024 10:30AM\nSubject: Order{PLAIN}",
    ),
    "Lotus, header block": ("it", f"From: {SHOP}\nTo: anna@posta.example\nDate: 03/06/2024 10.30\nSubject: Ordine{PLAIN}"),
    "Apple Mail, new iOS": ("en", f"Sent from my iPhone\n\n> On 3 Jun 2024, at 10:30, {SHOP} wrote:\n>{MARKED[1:]}"),
    "Apple Mail, narrow blank before AM": ("en", f"On Jun 3, 2024, at 10:30\u202fAM, {SHOP} wrote:{MARKED}"),
    "Apple Mail, Italian": ("it", f"Il giorno 3 giu 2024, alle ore 10:30, {SHOP} ha scritto:{MARKED}"),
    "Apple Mail, Dutch": ("nl", f"> Op 3 jun. 2024 om 10:30 heeft {SHOP} het volgende geschreven:\n>{MARKED[1:]}"),
    "Apple Mail, Polish": ("pl", f"Wiadomość napisana przez {SHOP} w dniu 3 cze 2024, o godz. 10:30:{MARKED}"),
    "Apple Mail, Polish, old": ("pl", f"Wiadomość napisana przez Kitchen w dniu 3 cze 2024, o godz. 10:30:{MARKED}"),
    "Apple Mail, Portuguese": ("pt", f"> No dia 3 de jun. de 2024, às 10:30, {SHOP} escreveu:\n>{MARKED[1:]}"),
    "Apple Mail, Spanish": ("es", f"El 3 jun 2024, a las 10:30, {SHOP} escribió:{MARKED}"),
    "Gmail, address as name": (
        "en",
        f"On Mon, Jun 3, 2024 at 10:30 AM help@kitchen.example <help@kitchen.example>\nwrote:{MARKED}",
    ),
    "Gmail, bare address": ("en", f"On Mon, 3 Jun 2024, 10:30 am help@kitchen.example wrote:{PLAIN}"),
    "Gmail, nickname only": ("it", f"Il lun 3 giu 2024, 10:30 Kitchen ha scritto:{MARKED}"),
    "Gmail, German": ("de", f"Am Mo., 3. Juni 2024 um 10:30 Uhr schrieb Kitchen & Co <\nhelp@kitchen.example>:{MARKED}"),
    "Gmail, French": ("fr", f"Le lun. 3 juin 2024 à 10:30, {SHOP} a\nécrit :{MARKED}"),
    "Gmail, Polish": ("pl", f"pon., 3 cze 2024 o 10:30 Kitchen & Co <help@kitchen.example>\nnapisał(a):{MARKED}"),
    "Gmail, Dutch": ("nl", f"Op ma 3 jun 2024 om 10:30 schreef {SHOP}:{MARKED}"),
    "Gmail, Portugal": ("pt", f"{SHOP} escreveu no dia segunda, 3/06/2024\nà(s) 10:30:{MARKED}"),
    "Thunderbird, English": ("en", f"On 6/3/24 10:30 AM, Kitchen & Co wrote:{MARKED[1:]}"),
    "Thunderbird, only a date": ("de", f"Am 03.06.2024 um 10:30 schrieb:{MARKED[1:]}"),
    "Thunderbird, only date and time": ("it", f"Il 03/06/2024 10:30:{MARKED[1:]}"),
    "Thunderbird, only a name": ("fr", f"Kitchen & Co a écrit :{MARKED[1:]}"),
    "Thunderbird, Portugal": ("pt", f"Às 10:30 de 03/06/24, Kitchen & Co escreveu:{MARKED[1:]}"),
    "Thunderbird, Polish": ("pl", f"W dniu 3.06.2024 o 10:30, Kitchen & Co pisze:{MARKED[1:]}"),
    "Thunderbird, Dutch": ("nl", f"Op 3-6-2024 om 10:30 schreef Kitchen & Co:{MARKED[1:]}"),
    "Thunderbird on Android": (
        "en",
        f"On 3 June 2024 10:30:12 CEST, {SHOP} wrote:\n>Dear customer,\n>your parcel is on its way.",
    ),
    "K-9, German": ("de", f"Am 3. Juni 2024 10:30:12 MESZ schrieb {SHOP}:\n>Dear customer,\n>your parcel is on its way."),
    "FairEmail": ("nl", f"Op 3 juni 2024 10:30:12 schreef {SHOP}:{MARKED}"),
    "Evolution": ("en", f"On Mon, 2024-06-03 at 10:30 +0200, Kitchen & Co wrote:{MARKED[1:]}"),
    "KMail": ("de", f"Am Montag, 3. Juni 2024, 10:30:12 CEST schrieb Kitchen & Co:{MARKED[1:]}"),
    "Gnus": ("en", f"{SHOP} writes:{MARKED}"),
    "AOL": ("en", f"In a message dated 6/3/2024 10:30:12 AM W. Europe Daylight Time, help@kitchen.example writes:{PLAIN}"),
    "Horde": ("de", f"Zitat von {SHOP}:{MARKED}"),
    "Horde, Spanish": ("es", f"Citando a {SHOP}:{MARKED}"),
    "Yandex": ("en", f'03.06.2024, 10:30, "Kitchen & Co" <help@kitchen.example>:{MARKED}'),
    "mutt, German": ("de", f"* {SHOP} [03.06.24 10:30]:{MARKED[1:]}"),
    "Zoho, Italian": ("it", f"---- On lun, 03 giu 2024 10:30:00 +0200 {SHOP} ha scritto ----{PLAIN}"),
    "Zimbra": (
        "fr",
        f"----- Mail original -----\nDe: {SHOP}\nÀ: anne@mail.example\nEnvoyé: Lundi 3 Juin 2024 10:30:12\nObjet: Commande{PLAIN}",
    ),
    "Zimbra, German": (
        "de",
        f"----- Ursprüngliche Mail -----\nVon: {SHOP}\nAn: anna@post.example\nGesendet: Montag, 3. Juni 2024 10:30:12\n"
        f"Betreff: Pfanne{PLAIN}",
    ),
    "Yahoo, German": ("de", f"  Am Montag, 3. Juni 2024 um 10:30:12 MESZ hat {SHOP} Folgendes geschrieben:{PLAIN}"),
    "Yahoo on a phone, Spanish": (
        "es",
        f"Enviado desde Yahoo Mail para Android\n\n  El lun, 3 jun 2024 a las 10:30, {SHOP} escribió:   Dear customer,\nyour parcel.",
    ),
    "Yahoo on a phone, Dutch": ("nl", f"  Op ma, jun. 3, 2024 om 10:30 schreef {SHOP}:   Dear customer,\nyour parcel."),
    "GMX, Spanish": (
        "es",
        f'Enviado: lunes 3 de junio de 2024 a las 10:30\nDe: "Kitchen" <help@kitchen.example>\nPara: ana@gmx.example\nAsunto: x{PLAIN}',
    ),
    "GMX, Italian": (
        "it",
        f'Inviato: lunedì 3 giugno 2024 alle 10:30\nDa: "Kitchen" <help@kitchen.example>\nA: anna@gmx.example\nOggetto: x{PLAIN}',
    ),
    "Libero, old": (
        "it",
        f"----Messaggio originale----\nDa: help@kitchen.example\nData: 03/06/2024 10.30\nA: <a@l.example>\nOgg: x{PLAIN}",
    ),
    "La Poste": (
        "fr",
        "> Message du 03/06/24 10:30\n> De : help@kitchen.example\n> A : anne@laposte.example\n> Copie à :\n> Objet : x\n>"
        + MARKED[1:],
    ),
    "Outlook in a table of bold words": (
        "pl",
        f"*Od:* {SHOP}\n*Wysłano:* poniedziałek, 3 czerwca 2024 10:30\n*Do:* Łucja\n*Temat:* Zamówienie{PLAIN}",
    ),
    "WP": ("pl", f"Dnia 3 czerwca 2024 10:30 {SHOP} napisał(a):{PLAIN}"),
    "Interia": ("pl", f"W dniu 2024-06-03 10:30:12 użytkownik {SHOP} napisał:{PLAIN}"),
    "Proton": (
        "en",
        f"Sent with [Proton Mail](https://proton.me/) secure email.\n\nOn Monday, June 3rd, 2024 at 10:30 AM, {SHOP} wrote:{MARKED}",
    ),
    "HEY": ("en", f"On June 3, 2024, {SHOP} wrote:{MARKED}"),
    "BlueMail": ("en", f"Get BlueMail for Android\n\nOn 3 Jun 2024, at 10:30, {SHOP} wrote:{PLAIN}"),
    "Windows Mail, German": (
        "de",
        f"Gesendet von Mail für Windows\n\nVon: {SHOP}\nGesendet: Montag, 3. Juni 2024 10:30\nAn: Anna\nBetreff: Pfanne{PLAIN}",
    ),
    "Swedish program": ("en", f"Den mån 3 juni 2024 kl 10:30 skrev {SHOP}:{MARKED}"),
    "Headline over four lines": (
        "de",
        f"Am Montag, den\n3. Juni 2024 um 10:30 Uhr\nschrieb Kitchen & Co\n<help@kitchen.example>:{MARKED}",
    ),
}


@pytest.mark.parametrize(("language", "below"), REPLIES.values(), ids=REPLIES.keys())
def test_new_words_stand_above_the_history(language: str, below: str) -> None:
    assert new_words(f"{WORDS[language]}\n\n{below}", "Re: Order 4711") == WORDS[language]


BELOW = {name: row for name, row in REPLIES.items() if re.search(r"(?m)^>", row[1])}


@pytest.mark.parametrize(("language", "quote"), BELOW.values(), ids=BELOW.keys())
def test_new_words_stand_below_marked_history(language: str, quote: str) -> None:
    quote = re.sub(r"^(?:Sent|Get)\b.*\n\n", "", quote)  # a program advertises itself at the end
    assert new_words(f"{quote}\n\n{WORDS[language]}", "Re: Order 4711") == WORDS[language]


@pytest.mark.parametrize(("language", "quote"), BELOW.values(), ids=BELOW.keys())
def test_a_reply_without_words_has_none(language: str, quote: str) -> None:
    assert new_words(quote, "Re: Order 4711") is None


UNMARKED = {name: row for name, row in REPLIES.items() if name not in BELOW}


@pytest.mark.parametrize(("language", "quote"), UNMARKED.values(), ids=UNMARKED.keys())
def test_what_may_hold_words_stays(language: str, quote: str) -> None:
    """Nothing above a history without marks: the customer may have written below it, or into it. A first mail has none."""
    assert new_words(quote, "Re: Order 4711") == quote
    first = f"{WORDS[language]}\n\n{quote}"
    assert new_words(first, "Order 4711") == first
    assert new_words(first, "Fwd: Order 4711") == first
    told = f"My answers are below, in red.\n\n{quote}"
    assert new_words(told, "Re: Order 4711") == told


KEPT = {
    "en": [
        "On 3 June 2024 at 10:30 I wrote to help@kitchen.example, and nobody has answered:\nthe pan is broken.",
        "On Monday your driver wrote:\nnobody at home. That is a lie.",
        "On 3 June 2024 your colleague Marta <marta@kitchen.example> wrote to me:\nthe refund is on its way. It is not.",
        "From: London\nTo: Leeds\nDate: 3 June 2024 10:30\nPlease change the delivery.",
        "From: the kitchen shelf\nSubject: broken\nI enclose a photo.",
        "Delivery times I was offered:\n10:30 - 12:00\n14:00 - 16:00\nNeither works.",
        "My details:\nDate: 3/6/2024\nTo: Anna Bell, 12 Quay St\nOrder: 4711\nPhone: 555 1234",
        "I forwarded message 4711 to your team last week.\nForwarded message or not, I want an answer.",
        "Original message was too long, sorry.\n\nShort version: refund please.",
        "> 500 for a pan is too much.\nI would pay < 200.",
        "Sent from my kitchen table, where the pan lies in two pieces",
        "Sent from Leeds on Monday, never arrived",
        "I get Outlook for work but this is my private address: anna@mail.example",
        "----\nFirst topic: the pan.\n----\nSecond topic: the lid.\n----",
        "Anna wrote:\nplease hurry, it is her birthday.",
        "The label says:\nFrom: Kitchen & Co\nTo: somebody else",
        'She wrote: "the pan is fine", but on 3.6.2024 at 10:30 it broke.',
        "Please send it to anna@mail.example:\n- the invoice\n- the label",
    ],
    "it": [
        "Il giorno 3 giugno 2024 alle 10:30 ho scritto a help@kitchen.example e nessuno ha risposto:\nla pentola perde.",
        "Il 3 giugno la vostra collega Marta <marta@kitchen.example> mi ha scritto:\nil rimborso è partito. Non è vero.",
        "Da: Milano\nA: Torino\nData: 12/06/2024 ore 10:30\nOggetto: spostare la consegna, per favore",
        "Da: quando ho comprato la pentola\nA: oggi\nha funzionato due volte.",
        "Oggetto: reso\nData: 03/06/2024\nA: Assistenza\nVorrei restituire il tegame.",
        "A: marito\nDa: moglie\nquesta era la dedica da incidere.",
        "Mi ha scritto il corriere alle 10:30:\n«nessuno in casa».",
        "Messaggio inoltrato al vostro ufficio reclami tre volte.\nNessuna risposta.",
        "Inviato da Bologna il 3 giugno, mai arrivato",
        "Anna ha scritto:\nauguri! Ma il biglietto non c'era.",
        "Totale:\n> 100 € senza spedizione",
        "Ore 10:30: corriere assente.\nOre 11:00: ancora assente.\nOre 12:00: pacco a terra.",
    ],
    "de": [
        "Am 3. Juni 2024 um 10:30 Uhr schrieb ich an help@kitchen.example:\ndie Pfanne ist kaputt. Keine Antwort.",
        "Am Montag schrieb mir Ihr Kollege Müller <mueller@kitchen.example>:\nalles erledigt. Nichts ist erledigt.",
        "Ihr Kollege schrieb:\nder Betrag ist unterwegs.",
        "Von: Hamburg\nNach: Kiel\nDatum: 3. Juni 2024\nBitte die Lieferung verschieben.",
        "Von: 10:30\nBis: 12:00\nAn: jedem Werktag\nbin ich zu Hause.",
        "Betreff: Rechnung 4711\nDatum: 03.06.2024\nBetrag: 89,90 €",
        "Gesendet: am Montag\nAngekommen: nie",
        "Weitergeleitete Nachricht habe ich keine bekommen.",
        "Die ursprüngliche Nachricht -- ich finde sie nicht mehr -- war höflicher.",
        "Gesendet mit der Post am 3. Juni, seitdem nichts gehört",
    ],
    "fr": [
        "Le 3 juin 2024 à 10:30 j'ai écrit à help@kitchen.example :\nla cocotte est fêlée. Sans réponse.",
        "Le 3 juin 2024 votre collègue Marthe <marthe@kitchen.example> m'a écrit :\ntout est réglé. Mais non.",
        "De : Lyon\nÀ : Paris\nDate : 3 juin 2024\nMerci de changer l'adresse.",
        "De : 10:30\nÀ : 12:00\nje suis chez moi.",
        "Objet : retour\nDate : 3/6/2024\nCommande : 4711",
        "Le livreur a écrit :\n« absent ».",
        "Envoyé de Lyon le 3 juin, jamais reçu",
        "Message transféré trois fois à votre service, sans réponse.",
    ],
    "es": [
        "El 3 de junio de 2024 a las 10:30 escribí a help@kitchen.example:\nla olla pierde. Nadie contesta.",
        "El 3 de junio de 2024 su compañera Marta <marta@kitchen.example> me escribió:\ntodo arreglado. No es verdad.",
        "De: Madrid\nA: Sevilla\nFecha: 3/6/2024\nQuiero cambiar la entrega.",
        "Asunto: devolución\nPara: atención al cliente\nPedido: 4711",
        "El repartidor escribió:\n«no hay nadie».",
        "Enviado desde Sevilla el lunes, no ha llegado",
        "A las 10:30:\nllamé.\nA las 11:30:\nllamé otra vez.",
    ],
    "pt": [
        "Em 3 de junho de 2024 às 10:30 escrevi para help@kitchen.example:\na panela vaza. Ninguém respondeu.",
        "A vossa colega Marta <marta@kitchen.example> escreveu-me em 3/06/2024 às 10:30:\nestá resolvido. Não está.",
        "De: Lisboa\nPara: Porto\nData: 3/6/2024\nQueria mudar a entrega.",
        "Assunto: devolução\nData: 03/06/2024\nEncomenda: 4711",
        "Enviado do Porto na segunda, ainda não chegou",
    ],
    "nl": [
        "Op 3 juni 2024 om 10:30 schreef ik aan help@kitchen.example:\nde pan lekt. Geen antwoord.",
        "Uw collega schreef:\nhet geld is onderweg. Niets gezien.",
        "Van: Utrecht\nNaar: Delft\nDatum: 3 juni 2024\nGraag de levering verzetten.",
        "Van: 10:30\nAan: deur\nOnderwerp: niemand gezien",
        "Verzonden vanaf Delft op maandag, niet aangekomen",
    ],
    "pl": [
        "W dniu 3.06.2024 o 10:30 napisałam do help@kitchen.example:\ngarnek przecieka. Nikt nie odpisał.",
        "W dniu 3.06.2024 o 10:30 Państwa koleżanka <marta@kitchen.example> napisała do mnie:\nwszystko załatwione. Nic nie jest.",
        "Od: Kraków\nDo: Gdańsk\nData: 3 czerwca 2024\nProszę o zmianę dostawy.",
        "Temat: zwrot\nData: 03.06.2024\nZamówienie: 4711",
        "Wysłane z Krakowa w poniedziałek, nadal nie doszło",
    ],
}

OWN = [text for texts in KEPT.values() for text in texts]


@pytest.mark.parametrize("text", OWN)
@pytest.mark.parametrize("subject", ["Re: Order 4711", "Order 4711", None])
def test_own_words_stay_whatever_they_look_like(text: str, subject: str | None) -> None:
    assert new_words(text, subject) == text


@pytest.mark.parametrize("text", OWN)
@pytest.mark.parametrize("quote", [REPLIES["Gmail, German"][1], REPLIES["Windows Mail, German"][1]], ids=["Gmail", "Outlook"])
def test_own_words_stay_above_a_quote(text: str, quote: str) -> None:
    assert new_words(f"{text}\n\n{quote}", "Re: Order 4711") == text


@pytest.mark.parametrize(
    ("text", "signed", "expected"),
    [
        ("Option A\n--\nOption B", False, "Option A\n--\nOption B"),
        ("Option A\n--\nOption B", True, "Option A"),
        ("Thanks\n--\nAnna Bell\n+44 20 7946 0018", False, "Thanks"),
        ("Thanks\n--\nAnna Bell\nwww.bell.example", False, "Thanks"),
        ("Sent from my iPhone", False, None),
        ("-- \nAnna Bell", False, None),
    ],
)
def test_signatures(text: str, signed: bool, expected: str | None) -> None:
    assert new_words(text, signed=signed) == expected


def test_words_typed_under_the_headline_stay() -> None:
    text = f"On Mon, 3 Jun 2024 at 10:30, {SHOP} wrote:\nNo, it did not.\n> Did it come?\n> When?"
    assert new_words(text, "Re: Order") == "No, it did not."


def test_a_forward_keeps_the_signature_of_the_other() -> None:
    text = f"See below.\n\n---------- Forwarded message ---------\nFrom: {SHOP}\n\nYour parcel.\n\n-- \nKitchen & Co"
    assert new_words(text, "Fwd: Order") == text


STAYS = {
    "rulers": "Vorrei sapere:\n--\n1. quando arriva\n--\n2. quanto costa 4711",
    "ruler": "Sehr geehrte Damen und Herren,\n--\nich habe 4711 bestellt",
    "ruler above a sentence": "Hello,\n--\nMy order is number 4711.",
    "ruler above a number to call": "Sehr geehrte Damen und Herren,\n--\nich bin unter 0170 1234567 erreichbar, 4711",
    "postscript": "Hello.\n-- \nAnna\nPS: 4711 is the order",
    "below the signature": "Hello.\n-- \nAnna\n\nPlease deliver 4711 before Friday",
    "answers in red": "My answers are below in red\n\nOn 3 Jun 2024, at 10:30, Shop <a@b.it> wrote:\n\n> Which?\n>\n> *4711*",
    "colleague, round": "Hi.\n\nOn 3 June 2024 your colleague Max (max@shop.example) wrote:\nWe will refund you.\nNothing came, 4711!",
    "colleague, German": "Hallo.\n\nAm 3. Juni 2024 schrieb Ihr Kollege Max <max@shop.example>:\nWir erstatten.\nNichts kam, 4711!",
    "Frau": "Hallo.\n\nAm 3. Juni 2024 schrieb Frau Klein <klein@shop.example>:\nWir erstatten.\nNichts kam, 4711!",
    "colleague, French": "Oui.\n\nLe 3 juin 2024 votre collègue Max <max@shop.example> a écrit :\nOn rembourse.\nRien, 4711 !",
    "colleague, Spanish": "Sí.\n\nEl 3 de junio de 2024 su compañero Max <max@shop.example> escribió:\nDevolvemos.\nNada, 4711.",
    "colleague, Italian": "Sì.\n\nIl 3 giugno 2024 il collega Max <max@shop.example> ha scritto:\nRimborso.\nNulla, 4711.",
    "no verb, no marks": "Riassumo:\nIl 3/6/2024 10:30 Marco <m@shop.example>:\nha detto di sì. 4711",
    "prices": "Prezzi:\n> 4711 euro\n> 600 euro\n> 700 euro\nquale è giusto?",
    "steps": "Ho provato:\n> Impostazioni > Rete\n> Reset > 4711",
    "answers below Outlook": "Ciao\n\nDa: Shop <a@b.it>\nInviato: lunedì 3 giugno 2024 10:30\nA: Anna\nOggetto: x\n\nQuale numero?\n>> 4711\nShop",
    "answers far below Outlook": "Ciao\n\nDa: Shop <a@b.it>\nInviato: lunedì 3 giugno 2024 10:30\nA: Anna\nOggetto: x\n\nUno\ndue\n"
    "tre\nquattro\nQuale numero?\n>> 4711\nShop",
    "answers below Gmail": "Ciao\n\nOn Mon, 3 Jun 2024 at 10:30 Shop <a@b.it> wrote:\n\nGood day\nWhich number?\n>> 4711\nShop",
}


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("subject", ["Re: Order", "Order"])
@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS.keys())
def test_the_number_stays(text: str, subject: str, signed: bool, answers: bool) -> None:
    assert "4711" in (new_words(text, subject, answers=answers, signed=signed) or "")


def test_unannounced_marks_go_only_where_they_begin_or_end_an_answer() -> None:
    quote = "> Dear customer,\n> your parcel is on its way."
    assert new_words(f"Not here.\n\n{quote}", "Re: Order", answers=True) == "Not here."
    assert new_words(f"{quote}\n\nNot here.", "Re: Order", answers=True) == "Not here."
    for text in (f"Not here.\n\n{quote}", f"{quote}\n\nNot here.", f"Not here.\n\n{quote}\n\nNor there."):
        assert new_words(text, "Re: Order") == text


NOUNS = "parcel padella Pfanne cocotte olla panela deksel garnek order ordine Bestellung commande pedido encomenda zamówienie".split()
WITH = "is arrived without never più nicht pas nunca não niet nigdy broken today e und et y en i the la der le".split()
SENTENCES = st.lists(
    st.tuples(
        st.sampled_from("The La Die Le El A De Ten Mijn Moje Please Vorrei Bitte Merci Quiero Queria Graag Proszę".split()),
        st.lists(st.sampled_from(NOUNS + WITH), min_size=1, max_size=8),
        st.sampled_from([".", "!", "?"]),
    ).map(lambda drawn: f"{drawn[0]} {' '.join(drawn[1])}{drawn[2]}"),
    min_size=0,
    max_size=3,
)


@given(
    name=st.sampled_from(sorted(REPLIES)),
    around=st.tuples(SENTENCES, SENTENCES),
    gap=st.sampled_from(["\n", "\n\n", " "]),
    known=st.fixed_dictionaries({"answers": st.booleans(), "signed": st.booleans()}),
    other=st.sampled_from(["", "-- \nAnna Bell\nQuay Street\n\n", "--\n", "Sent from my iPhone\n\n"]),
)
def test_a_number_outside_a_quote_is_never_lost(
    *, name: str, around: tuple[list[str], list[str]], gap: str, known: dict[str, bool], other: str
) -> None:
    """Above every client's quote, below one with marks, and in a mail without any."""
    language, quote = REPLIES[name]
    words = gap.join([*around[0], "Order 471199 is what I mean.", *around[1]])
    own = f"{WORDS[language]}\n\n{other}{words}"
    texts = [own, f"{own}\n\n{quote}"]
    if name in BELOW:
        texts += [f"{quote}\n\n{own}", f"{words}\n\n{quote}\n\n{WORDS[language]}"]
    for text in texts:
        for subject in ("Re: Order", "Order", None):
            assert "471199" in (new_words(text, subject, **known) or "")
