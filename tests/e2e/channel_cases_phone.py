"""The rounds by telephone number: Twilio's messages and calls, and the calls of an exchange."""

from typing import Final

from tests.e2e.channel_case import Answered, Case, Contact, Told
from tests.e2e.channel_samples import Sample

_TWILIO_SMS: Final = Case(
    name="twilio_sms",
    connector="twilio",
    channel="sms",
    handle=("phone", "+4915112345678", "verified"),
    first=Contact(sample=Sample(file="twilio/sms.form"), text="Where is my parcel?"),
    files=Contact(
        sample=Sample(file="twilio/mms_image.form", put={"https://api.twilio.com": "{api}"}),
        kind="media",
        text="Broken",
        files=("ME00000000000000000000000000000001",),
    ),
    answered=Answered(
        to="+4915112345678",
        told=(
            Told(
                sample=Sample(file="twilio/status_delivered.form", put={"SM00000000000000000000000000000069": "{sent}"}),
                states=("delivered",),
            ),
        ),
    ),
)
_TWILIO_WHATSAPP: Final = Case(
    name="twilio_whatsapp",
    connector="twilio",
    channel="whatsapp",
    handle=("phone", "+4915112345678", "verified"),
    first=Contact(sample=Sample(file="twilio/whatsapp_text.form"), text="Hola! ¿Dónde está mi pedido? 📦"),
    files=Contact(
        sample=Sample(file="twilio/whatsapp_image.form", put={"https://api.twilio.com": "{api}"}),
        kind="media",
        text="like this",
        files=("ME00000000000000000000000000000028",),
    ),
    answered=Answered(
        to="whatsapp:+4915112345678",
        told=(
            Told(
                sample=Sample(file="twilio/status_whatsapp_read.form", put={"SM00000000000000000000000000000071": "{sent}"}),
                states=("read",),
            ),
        ),
    ),
)
_TWILIO_VOICE: Final = Case(
    name="twilio_voice",
    connector="twilio_voice",
    channel="voice",
    handle=("phone", "+4915112345678", "claimed"),
    first=Contact(
        sample=Sample(file="twilio_voice/ringing.form"),
        kind="call",
        acknowledged=r"<\?xml [^>]+><Response><Say [^>]+>[^<]+</Say><Record [^>]+/></Response>",
    ),
    files=Contact(
        sample=Sample(file="twilio_voice/record_action.form", put={"https://api.twilio.com": "{api}"}),
        kind="call",
        files=("RE00000000000000000000000000000001",),
    ),
    changes=(Contact(sample=Sample(file="twilio_voice/completed.form"), kind="call"),),
)
_PBX: Final = Case(
    name="pbx",
    connector="pbx",
    channel="phone",
    handle=("phone", "+393331234567", "claimed"),
    first=Contact(sample=Sample(file="pbx/ringing.form"), kind="call"),
    files=Contact(
        sample=Sample(file="pbx/recording.form", put={"https://pbx.example": "{files}"}),
        kind="call",
        files=("/rec/1767225600.41.wav",),
    ),
    changes=(Contact(sample=Sample(file="pbx/hangup.form"), kind="call"),),
)

PHONE: Final = (_TWILIO_SMS, _TWILIO_WHATSAPP, _TWILIO_VOICE, _PBX)
