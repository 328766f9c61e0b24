"""Finds that are not repaired: run by path, `pytest tests/attacks/found_mails.py`. See FOUND.md."""

from normalizer.inbound import Handle, InboundMessage
from storage.database import Database
from tests.attacks import channels, voice
from tests.attacks.channels import SHOP, only
from tests.attacks.truth import Contact
from tests.attacks.world import World

ANNA = Handle("email", "anna@posta.test", "verified")


async def test_a_copy_that_came_first_hides_no_mail(database: Database) -> None:
    """The victim's mail has the stranger in Cc, and waits at our server (greylisting). The stranger sends the same
    Message-ID and words in his own name meanwhile: the victim's mail counts as a repeat, and is in nobody's queue."""
    world = World([database], "found")
    world.truth.belongs(ANNA, "victim")
    text, same = "Il mio ordine non arriva", ("Message-ID", "<1@posta.test>")
    copied = only(channels.mail([("From", "evil@evil.test"), ("To", SHOP), same], text, world.now))
    mail = only(channels.mail([voice.passed(ANNA.value), ("From", ANNA.value), ("To", SHOP), same], text, world.now))
    await world.commit([_contact("stranger", copied)])
    (found,) = await world.commit([_contact("victim", mail)])
    assert found is not None


def _contact(by: str, inbound: InboundMessage, connector: str = "mail") -> Contact:
    answers = inbound.reply.via or inbound.sender.handle
    return Contact(by=by, kind="by hand", connector=connector, inbound=inbound, answers=answers)
