"""What mail clients say of themselves below a mail, and what customers say that begins alike."""

import pytest

from normalizer.mail.adverts import advert
from normalizer.mail.quotes import new_words

ADVERTS = """\
Sent from my iPhone
Sent from my iPhone.
Sent from my iPhone 12
Sent from my Samsung Galaxy smartphone.
Sent from my Galaxy S21 Ultra 5G
Sent from my Android device with K-9 Mail. Please excuse my brevity.
Sent from Mail for Windows 10
Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows
Sent from Yahoo Mail on Android
Sent with [Proton Mail](https://proton.me/) secure email.
Sent from my phone
Sent from my BlackBerry 10 smartphone on the Vodafone network.
Inviato dal mio dispositivo wireless BlackBerry®
Sent from my mobile device
Get Outlook for iOS<https://aka.ms/o0ukef>
Get BlueMail for Android
Inviato da iPhone
Inviato dal mio iPad
Inviato da Yahoo Mail su Android
Inviato da Libero Mail
Inviato dal mio cellulare
Scarica Outlook per Android
Von meinem iPhone gesendet
Gesendet von Mail für Windows
Gesendet mit der GMX Mail App
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
Outlook für iOS<https://aka.ms/o0ukef> beziehen
Envoyé de mon iPhone
Envoyé à partir de Yahoo Mail sur Android
Envoyé à partir d\N{RIGHT SINGLE QUOTATION MARK}Outlook pour iOS
Télécharger Outlook pour Android<https://aka.ms/AAb9ysg>
Enviado desde mi iPhone
Enviado desde Yahoo Mail para Android
Obtener Outlook para iOS
Enviado do meu iPhone
Enviado do Yahoo Mail no Android
Obter o Outlook para iOS<https://aka.ms/o0ukef>
Verzonden vanaf mijn iPhone
Outlook voor iOS<https://aka.ms/o0ukef> downloaden
Wysłane z iPhone'a
Wysłano z telefonu
Pobierz aplikację Outlook dla systemu Android<https://aka.ms/AAb9ysg>""".splitlines()

SENTENCES = """\
Inviato con posta raccomandata dal mio ufficio
Inviato con corriere il telefono nuovo
Verschickt mit DHL als Handy 4711
Envoyé par la poste le téléphone 4711
Enviado por correo certificado 4711
Enviado por correo 4711
Wysłane za pomocą poczty 4711
Verzonden met PostNL op maandag telefoon 4711
Verzonden met post telefoon 4711
Get me a new phone
Get me an iPhone 12
Get a new iPhone
Download for Windows 11
Download email invoice
Download Outlook 4711
Sent from Leeds on Monday, never arrived
Sent by mail 4711
Sent from my iPhone. Please excuse the haste, 4711 is broken
Sent from my kitchen, where the windows are now open. Please advise!
Sent from my iPhone shop order 4711
Sent via Samsung 471100
Inviato da Samsung il reso 4711
Gesendet von Samsung am Montag
Outlook for iOS 4711 does not work
Sent with the phone, the charger and the invoice""".splitlines()


@pytest.mark.parametrize("line", ADVERTS)
def test_an_advert_is_no_part_of_the_words(line: str) -> None:
    assert new_words(f"The lid is missing.\n\n{line}") == "The lid is missing."


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_stays(line: str) -> None:
    assert not advert(line)
    assert new_words(line) == line
    assert new_words(f"The lid is missing.\n{line}") == f"The lid is missing.\n{line}"
