"""Who wrote a message: a person whom Meta knows by an id of the account's, or one known only by the word of a website."""

from connectors.meta import identifier, known_identifier
from connectors.meta_messaging.product import Context
from connectors.reading import Part
from normalizer.inbound import Handle, Sender


def person(element: Part, context: Context, claims: tuple[Handle, ...] = ()) -> Sender:
    """Who sent it. Raises `Misshapen` when it names nobody."""
    sender, people = element.part("sender"), context.product.people
    key = _key(sender, context)
    handle = context.place.handle(people[key], identifier(sender, key), context.account)
    return Sender(handle=handle, name=sender.hint("name") or sender.hint("username"), claims=claims)


def person_id(element: Part, context: Context) -> str:
    """Meta's id of who sent it, or the website's. Raises `Misshapen`."""
    sender = element.part("sender")
    return identifier(sender, _key(sender, context))


def _key(sender: Part, context: Context) -> str:
    """Where the id stands; where none does, the first place is what is missed."""
    people = context.product.people
    return next((key for key in people if known_identifier(sender, key) is not None), next(iter(people)))
