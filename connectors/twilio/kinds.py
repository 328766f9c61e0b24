"""What a message of Twilio's says, as one table: the first reader that finds something gives the kind.

Source: Twilio Docs, "Messaging webhooks: incoming message parameters", "WhatsApp: buttons, location, flows,
reactions".
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from connectors.kit.content import Content, flat, present, unsupported
from connectors.reading import Part, decode
from normalizer.inbound import Button, FieldValue, InboundAttachment, Location, Page, Reaction

_MEDIA: Final = re.compile(r"MediaUrl([0-9]{1,3})")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_ONE_PART: Final = 70
"""Characters of an SMS in Unicode. What came in parts was longer."""
_TEXTS: Final = frozenset({None, "text"})
_LATITUDE: Final = 90.0
_LONGITUDE: Final = 180.0


def content(form: Part, sid: str) -> Content:
    """What the customer did. Raises `Misshapen`."""
    found = next(content for reader in _READERS if (content := reader(form)) is not None)
    if found.reaction is not None:
        return found
    text = _decoded(form, sid) if found.kind == "text" else None
    return msgspec.structs.replace(found, text=text or form.optional_text("Body"), page=_page(form))


def _reaction(form: Part) -> Content | None:
    """The sign stands in `Body`; without one the reaction was taken back."""
    if form.hint("MessageType") != "reaction":
        return None
    sign = Reaction(emoji=form.optional_text("Body"))
    return Content(kind="reaction", reaction=sign, refers_to=form.optional_ident("OriginalRepliedMessageSid"))


def _button(form: Part) -> Content | None:
    """A quick reply has a text and perhaps our payload, a row of a list has an id and a title."""
    key = form.optional_text("ButtonPayload") or form.optional_text("ListId")
    title = form.optional_text("ButtonText") or form.optional_text("ListTitle")
    return Content(kind="postback", button=Button(id=key, title=title)) if key or title else None


def _flow(form: Part) -> Content | None:
    """The answers to a form of WhatsApp, several to a question as a list; objects stay in the original."""
    given = form.hint("FlowData")
    if given is None and form.hint("InteractiveData") is None:
        return None
    answers = _json(given)
    return Content(kind="form", fields=flat(answers, "flow") | _lists(answers))


def _lists(answers: Any) -> dict[str, FieldValue]:
    """What was chosen from several."""
    found = answers if isinstance(answers, dict) else {}
    chosen = {key: value for key, value in found.items() if isinstance(value, list) and all(map(_is_scalar, value))}
    return present(**{f"flow_{key}": value for key, value in chosen.items()})


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _json(text: str | None) -> Any:
    try:
        return decode((text or "").encode("utf-8", "replace"))
    except ValueError:
        return None


def _location(form: Part) -> Content | None:
    latitude, longitude = _degrees(form.hint("Latitude"), _LATITUDE), _degrees(form.hint("Longitude"), _LONGITUDE)
    if latitude is None or longitude is None:
        return None
    place = Location(latitude=latitude, longitude=longitude, name=form.hint("Label"), address=form.hint("Address"))
    return Content(kind="location", location=place)


def _degrees(value: str | None, most: float) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if -most <= number <= most else None


def _media(form: Part) -> Content | None:
    """The files that are named, in the order of their numbers: `NumMedia` is not asked."""
    numbers = sorted({int(found[1]) for name in form.data if (found := _MEDIA.fullmatch(name))})
    files = [_file(form, number) for number in numbers if form.hint(f"MediaUrl{number}")]
    return Content(kind="media", attachments=tuple(files)) if files else None


def _file(form: Part, number: int) -> InboundAttachment:
    kind = (form.hint(f"MediaContentType{number}") or "").partition(";")[0].strip().lower()
    return InboundAttachment(reference=form.ident(f"MediaUrl{number}"), content_type=kind or None)


def _text(form: Part) -> Content | None:
    """Also an empty SMS; and a kind of WhatsApp's that is not known here, where it has words."""
    return Content(kind="text") if form.hint("Body") or form.hint("MessageType") in _TEXTS else None


def _other(form: Part) -> Content:
    return unsupported("twilio", form.hint("MessageType"))


_READERS: Final[tuple[Callable[[Part], Content | None], ...]] = (_reaction, _button, _flow, _media, _location, _text, _other)


def _decoded(form: Part, sid: str) -> str | None:
    """The text of an SMS in several parts that came as an MMS, which may be base64. Only where nobody could have typed it: an
    MMS without a file, no blank, and behind the code a readable text that is too long for one SMS."""
    body = form.hint("Body") or ""
    if not sid.startswith("MM") or not _BASE64.fullmatch(body):
        return None
    try:
        text = base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    readable = all(character.isprintable() or character in "\r\n\t" for character in text)
    return text if readable and len(text) > _ONE_PART else None


def _page(form: Part) -> Page | None:
    """The advertisement that was tapped before."""
    page = Page(url=form.hint("ReferralSourceUrl"), title=form.hint("ReferralHeadline"))
    return None if page == Page() else page


def circumstances(form: Part) -> dict[str, FieldValue]:
    """What stands around a message: whether it ends or begins consent, where its number is from, the advertisement."""
    return present(
        twilio_opt_out=form.hint("OptOutType"),
        twilio_forwarded=True if "true" in (form.hint("Forwarded"), form.hint("FrequentlyForwarded")) else None,
        twilio_frequently_forwarded=True if form.hint("FrequentlyForwarded") == "true" else None,
        twilio_messaging_service=form.hint("MessagingServiceSid"),
        twilio_external_user=(form.hint("ExternalUserId") or "").rpartition(":")[2],
        **places(form),
        referral_type=form.hint("ReferralSourceType"),
        referral_id=form.hint("ReferralSourceId"),
        referral_body=form.hint("ReferralBody"),
        referral_click_id=form.hint("ReferralCtwaClid"),
    )


def places(form: Part) -> dict[str, FieldValue]:
    """Where the other side's number is registered, which is not where its owner is."""
    return present(
        twilio_from_city=form.hint("FromCity"),
        twilio_from_state=form.hint("FromState"),
        twilio_from_zip=form.hint("FromZip"),
        twilio_from_country=form.hint("FromCountry"),
    )
