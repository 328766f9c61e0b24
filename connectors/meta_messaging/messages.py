"""From one element of `messaging` to what it is: a contact, a status of a message of ours, or an event.

Source: Meta for Developers, "Messenger Platform: Webhooks" and "Instagram Messaging: Webhooks".
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from connectors.base import Status
from connectors.kit.content import Content
from connectors.kit.elements import Found
from connectors.kit.place import UnknownAccount, fingerprint
from connectors.meta import identifier, known_identifier
from connectors.meta_messaging import forms, kinds
from connectors.meta_messaging.people import person, person_id
from connectors.meta_messaging.product import Context, word_of
from connectors.reading import Misshapen, Part, moment
from normalizer.inbound import Handle, InboundMessage, Thread

_FRAME: Final = frozenset({"sender", "recipient", "timestamp", "prior_message"})
AS_CHANGES: Final = frozenset(
    {
        "messages",
        "message_deliveries",
        "message_echoes",
        "message_edits",
        "message_reactions",
        "message_reads",
        "messaging_account_linking",
        "messaging_customer_information",
        "messaging_feedback",
        "messaging_handovers",
        "messaging_optins",
        "messaging_optouts",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_referrals",
        "messaging_seen",
        "response_feedback",
    }
)
"""Fields of `changes` whose value is an element of `messaging`: so Instagram's login product and the console's button "Test"
send them."""
_STATES: Final[Mapping[str, str]] = MappingProxyType({"delivery": "delivered", "read": "read"})


def read(element: Part, context: Context) -> Found | list[Found]:
    """What an element says. Raises `Misshapen`, and `UnknownAccount` for one that is addressed to somebody else."""
    ours = _is_ours(element, context)
    if not ours and _other(element, "recipient", context.account):
        raise UnknownAccount
    at = moment(element.data.get("timestamp"))
    word = next((word for word in _READERS if word in element.data), None)
    if word is None:
        return context.event(word_of(element, _FRAME), element.data, at)
    if ours:
        return _echo(element, context) if word == "message" else context.event(f"{word}.ours", element.data, at)
    return _READERS[word](element.part(word), element, context)


def _is_ours(element: Part, context: Context) -> bool:
    """Written by the page or account itself, in whatever app. The mark is missing now and then, so the sender counts too."""
    sender = element.hints("sender")
    return known_identifier(sender, "id") == context.account or element.hints("message").flag("is_echo")


def _other(element: Part, key: str, account: str) -> bool:
    found = known_identifier(element.hints(key), "id")
    return found is not None and found != account


def _echo(element: Part, context: Context) -> Status:
    """It tells that somebody answered, or took an answer back."""
    message = element.part("message")
    mid = message.ident("mid")
    word = "deleted" if message.flag("is_deleted") else "echo"
    return context.place.status(
        word,
        key=f"{mid}:{word}",
        external_id=mid,
        raw=context.raw,
        at=moment(element.data.get("timestamp")),
        recipient=known_identifier(element.hints("recipient"), "id"),
        # Other apps of the page write there what they like, so what could not be a token of ours is none.
        token=known_identifier(message, "metadata"),
    )


def _message(message: Part, element: Part, context: Context) -> InboundMessage:
    mid = message.ident("mid")
    content = kinds.message(message)
    key = f"{mid}:deleted" if content.kind == "delete" else mid
    return _contact(content, key, element, context, thread=Thread(in_reply_to=kinds.answered(message)))


def _edit(edit: Part, element: Part, context: Context) -> InboundMessage:
    content = kinds.edit(edit)
    number = known_identifier(edit, "num_edit") or fingerprint(content.text, element.data.get("timestamp"))
    return _contact(content, f"{content.about}:edit:{number}", element, context)


def _postback(postback: Part, element: Part, context: Context) -> InboundMessage:
    """Older ones have no id: then what it says, and when, makes it a repeat."""
    key = postback.optional_ident("mid") or f"postback:{fingerprint(context.account, element.data)}"
    return _contact(kinds.postback(postback), key, element, context)


def _reaction(reaction: Part, element: Part, context: Context) -> InboundMessage:
    content = kinds.reaction(reaction)
    key = f"{content.refers_to}:reaction:{fingerprint(element.data)}"
    return _contact(content, key, element, context, external_id=content.refers_to)


def _thumb(thumb: Part, element: Part, context: Context) -> InboundMessage:
    content = forms.response_feedback(thumb)
    key = f"{content.refers_to}:feedback:{fingerprint(element.data)}"
    return _contact(content, key, element, context, external_id=content.refers_to)


def _feedback(feedback: Part, element: Part, context: Context) -> InboundMessage:
    return _form(forms.feedback(feedback), "feedback", element, context)


def _information(information: Part, element: Part, context: Context) -> InboundMessage:
    claims = forms.claims(information)
    return _form(forms.customer_information(information), "information", element, context, claims)


def _form(content: Content, word: str, element: Part, context: Context, claims: tuple[Handle, ...] = ()) -> InboundMessage:
    """It has no id, and often no time but its entry's, which Meta says is when it was filled in."""
    timeless = element.data.get("timestamp") is None
    told = context.told_at.isoformat() if timeless and context.told_at else None
    key = f"{word}:{fingerprint(context.account, element.data, told)}"
    return _contact(content, key, element, context, claims=claims, timeless=timeless)


def _contact(
    content: Content,
    key: str,
    element: Part,
    context: Context,
    *,
    external_id: str | None = None,
    thread: Thread = Thread(),  # noqa: B008  # an immutable value
    claims: tuple[Handle, ...] = (),
    timeless: bool = False,
) -> InboundMessage:
    at = context.told_at if timeless else moment(element.data.get("timestamp"))
    return context.place.contact(
        content,
        key=key,
        external_id=external_id,
        sender=person(element, context, claims),
        raw=context.raw,
        sent_at=at,
        thread=thread,
        reply=context.reply(at),
    )


def _receipt(state: str) -> Callable[[Part, Part, Context], list[Found]]:
    def receipt(part: Part, element: Part, context: Context) -> list[Found]:
        """One status for each message that is named; where only a time is, one about everything sent until then."""
        user = person_id(element, context)
        at = moment(element.data.get("timestamp"))
        named = [(mid, f"{mid}:{state}", at) for mid in _mids(part)]
        if not named:
            watermark = identifier(part, "watermark")
            key = f"{context.account}:{user}:{state}:{watermark}"
            named = [(key, key, moment(part.data.get("watermark")) or at)]
        return [
            context.place.status(state, key=key, external_id=about, raw=context.raw, at=when, recipient=user)
            for about, key, when in named
        ]

    return receipt


def _mids(part: Part) -> Iterator[str]:
    """Messenger names several, or none; Instagram one."""
    if (mid := part.optional_ident("mid")) is not None:
        yield mid
    given = part.data.get("mids")
    if given is not None and not isinstance(given, list):
        raise Misshapen(part.at("mids"), "an array")
    for index, mid in enumerate(given or ()):
        yield Part({"mid": mid}, f"{part.at('mids')}[{index}]").ident("mid")


_READERS: Final[Mapping[str, Callable[[Part, Part, Context], Found | list[Found]]]] = MappingProxyType(
    {
        "message": _message,
        "message_edit": _edit,
        "postback": _postback,
        "reaction": _reaction,
        "response_feedback": _thumb,
        "messaging_feedback": _feedback,
        "messaging_customer_information": _information,
        **{word: _receipt(state) for word, state in _STATES.items()},
    }
)
"""Everything else is an event: referral, optin, account_linking, pass_thread_control, app_roles, and what is new."""
