"""Attacks by hand with mails and mail addresses that were repaired: see FOUND.md for those that were not."""

from normalizer.inbound import Handle, InboundMessage
from storage.database import Database
from tests.attacks import channels, voice
from tests.attacks.channels import SHOP, only
from tests.attacks.truth import Contact
from tests.attacks.world import World

KEVIN = Handle("email", "kevin@posta.test", "verified")


async def test_a_kelvin_sign_in_a_token_is_no_k(database: Database) -> None:
    """The stranger's own mailbox, which the shop has confirmed. A mail from it is not taken for the victim's; a token is."""
    world = World([database], "found")
    world.truth.belongs(KEVIN, "victim")
    world.truth.belongs(Handle("app_user", "shop:9", "verified"), "stranger")
    mail = [voice.passed(KEVIN.value), ("From", KEVIN.value), ("To", SHOP), ("Message-ID", "<1@posta.test>")]
    (victim,) = await world.commit([_contact("victim", only(channels.mail(mail, "Il mio segreto", world.now)))])
    token = channels.user_token("9", world.now, email="\u212aevin@posta.test", email_verified=True)
    inbound = only(channels.api(channels.APP, token, {"text": "Ciao"}, world.now))
    (stranger,) = await world.commit([_contact("stranger", inbound, "app")])
    assert victim is not None
    assert stranger is not None
    assert stranger.customer != victim.customer


def _contact(by: str, inbound: InboundMessage, connector: str = "mail") -> Contact:
    answers = inbound.reply.via or inbound.sender.handle
    return Contact(by=by, kind="by hand", connector=connector, inbound=inbound, answers=answers)
