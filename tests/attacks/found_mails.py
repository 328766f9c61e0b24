"""Finds that are not repaired: run by path, `pytest tests/attacks/found_mails.py`. See FOUND.md."""

from normalizer.inbound import Handle, InboundMessage
from storage.database import Database
from tests.attacks import channels, voice
from tests.attacks.channels import SHOP, only
from tests.attacks.truth import Contact
from tests.attacks.world import World

ROBOT = Handle("email", "no-reply@forms.test", "verified")
GROUP = Handle("email", "gruppo@lists.test", "verified")
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


async def test_people_behind_one_robot_do_not_share_a_history(database: Database) -> None:
    """A service that hosts the shop's form writes from its own address, and names each customer in Reply-To."""
    world = World([database], "found")
    world.truth.belongs(ROBOT, "robot")
    first, second = (_hosted(world, reply_to) for reply_to in ("anna@posta.test", "evil@evil.test"))
    (anna,) = await world.commit([_contact("robot", first)])
    (stranger,) = await world.commit([_contact("robot", second)])
    assert anna is not None
    assert stranger is not None
    assert stranger.data["history"] == []
    assert stranger.data["conversation"]["id"] != anna.data["conversation"]["id"]


async def test_members_of_one_list_do_not_share_a_history(database: Database) -> None:
    """Lists put their own address into From, since DMARC would fail otherwise; `automated` is `list`."""
    world = World([database], "found")
    world.truth.belongs(GROUP, "list")
    envelopes = []
    for number in range(2):
        headers = [voice.passed(GROUP.value), ("From", f"Anna via Gruppo <{GROUP.value}>"), ("List-Id", "<gruppo.lists.test>")]
        headers += [("To", SHOP), ("Message-ID", f"<{number}@lists.test>")]
        inbound = only(channels.mail(headers, f"Testo {number}", world.now))
        envelopes += await world.commit([_contact("list", inbound)])
    assert envelopes[1] is not None
    assert envelopes[1].data["history"] == []


def _contact(by: str, inbound: InboundMessage, connector: str = "mail") -> Contact:
    answers = inbound.reply.via or inbound.sender.handle
    return Contact(by=by, kind="by hand", connector=connector, inbound=inbound, answers=answers)


def _hosted(world: World, reply_to: str) -> InboundMessage:
    headers = [voice.passed(ROBOT.value), ("From", f"Form <{ROBOT.value}>"), ("Reply-To", reply_to), ("To", SHOP)]
    return only(channels.mail([*headers, ("Message-ID", f"<{reply_to}>")], f"Scrive {reply_to}", world.now))
