"""Attacks by hand with mails and mail addresses that were repaired: see FOUND.md for those that were not."""

import pytest

from normalizer.inbound import Handle, InboundMessage
from storage.database import Database
from tests.attacks import channels, voice
from tests.attacks.channels import SHOP, only
from tests.attacks.truth import Contact
from tests.attacks.world import World

ANNA = Handle("email", "anna@posta.test", "verified")
GROUP = Handle("email", "gruppo@lists.test", "verified")
KEVIN = Handle("email", "kevin@posta.test", "verified")


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


@pytest.mark.parametrize("proved", [True, False])
async def test_a_copy_with_another_address_for_answers_hides_no_mail(database: Database, proved: bool) -> None:
    """As before, but with the victim's own From: forged, or signed by her provider and sent once more."""
    world = World([database], "found")
    world.truth.belongs(ANNA, "victim")
    head = [
        *([voice.passed(ANNA.value)] if proved else []),
        ("From", ANNA.value),
        ("To", SHOP),
        ("Message-ID", "<1@posta.test>"),
    ]
    copied = only(channels.mail([*head, ("Reply-To", "evil@evil.test")], "Il mio ordine non arriva", world.now))
    mail = only(channels.mail(head, "Il mio ordine non arriva", world.now))
    await world.commit([_contact("victim", copied)])
    (found,) = await world.commit([_contact("victim", mail)])
    assert found is not None
    assert found.data["reply"]["via"] is None


@pytest.mark.parametrize("robot", ["no-reply@forms.test", "do.not.reply@forms.test", "shop-noreply+7@forms.test"])
async def test_people_behind_one_robot_do_not_share_a_history(database: Database, robot: str) -> None:
    """A service that hosts the shop's form writes from its own address, and names each customer in Reply-To."""
    world = World([database], "found")
    world.truth.belongs(Handle("email", robot, "verified"), "robot")
    first, second = (_hosted(world, robot, reply_to) for reply_to in ("anna@posta.test", "evil@evil.test"))
    (anna,) = await world.commit([_contact("robot", first)])
    (stranger,) = await world.commit([_contact("robot", second)])
    assert anna is not None
    assert stranger is not None
    assert stranger.data["history"] == []
    assert stranger.data["conversation"]["id"] != anna.data["conversation"]["id"]


@pytest.mark.parametrize("mark", [(), ("X-Regia-Id", "1"), ("Auto-Submitted", "auto-replied")])
async def test_members_of_one_list_do_not_share_a_history(database: Database, mark: tuple[str, str] | tuple[()]) -> None:
    """Lists put their own address into From, since DMARC would fail otherwise; `automated` is `list`, unless the stranger
    gives his mail the mark of something else."""
    world = World([database], "found")
    world.truth.belongs(GROUP, "list")
    envelopes = []
    for number in range(2):
        headers = [voice.passed(GROUP.value), ("From", f"Anna via Gruppo <{GROUP.value}>"), ("List-Id", "<gruppo.lists.test>")]
        headers += [("To", SHOP), ("Message-ID", f"<{number}@lists.test>"), *([mark] if mark and number else [])]
        inbound = only(channels.mail(headers, f"Testo {number}", world.now))
        envelopes += await world.commit([_contact("list", inbound)])
    assert envelopes[1] is not None
    assert envelopes[0] is not None
    assert envelopes[1].data["history"] == []
    assert envelopes[1].data["conversation"]["id"] != envelopes[0].data["conversation"]["id"]


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


def _hosted(world: World, robot: str, reply_to: str) -> InboundMessage:
    headers = [voice.passed(robot), ("From", f"Form <{robot}>"), ("Reply-To", reply_to), ("To", SHOP)]
    return only(channels.mail([*headers, ("Message-ID", f"<{reply_to}>")], f"Scrive {reply_to}", world.now))
