"""Every channel that the suite knows: one line each."""

from typing import Final

from connectors.conformance.subject import Subject
from tests.subjects import instagram, line, messenger, pbx, telegram, twilio, twilio_voice, viber, webhook, wechat, whatsapp, x

SUBJECTS: Final[tuple[Subject, ...]] = (
    whatsapp.SUBJECT,
    whatsapp.IN_2026,
    messenger.SUBJECT,
    messenger.COMMENTS,
    instagram.SUBJECT,
    telegram.SUBJECT,
    line.SUBJECT,
    viber.SUBJECT,
    wechat.SUBJECT,
    x.SUBJECT,
    twilio.SUBJECT,
    twilio_voice.SUBJECT,
    pbx.SUBJECT,
    *webhook.SUBJECTS,
)
