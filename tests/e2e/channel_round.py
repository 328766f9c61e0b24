"""A round on one channel: a contact, the same again, files, an answer, what the provider tells of it, edits, a deletion.

Every step takes exactly the envelope that it expects, so one too many fails the step after it.
"""

import re
from typing import Any

from tests.e2e.channel_case import Answered, Case, Contact, Told
from tests.e2e.channel_desk import SECONDS, Desk
from tests.e2e.channel_providers import PROVIDERS
from tests.e2e.channel_samples import Sample, content


class Round:
    """One case on the running gateway. Raises AssertionError, which says at what."""

    def __init__(self, desk: Desk, case: Case) -> None:
        self._desk = desk
        self._case = case
        self._provider = PROVIDERS[case.connector]
        self._way = desk.way(case.connector)
        self._places = {"files": desk.files.url, "api": self._way.fake.url, "sent": ""}

    async def run(self) -> str:
        """The id of the first envelope."""
        first = await self._contact(self._case.first, by_sender=True)
        if self._provider.repeats:
            await self._deliver(self._case.first.sample, self._case.first.acknowledged)
            self._desk.repeats += 1
        if self._case.files is not None:
            self._serve(self._case.files.files)
            await self._contact(self._case.files, by_sender=True)
        answered = self._case.answered
        if answered is None:
            await self._unanswerable(first["id"])
            await self._changes()
        else:
            outgoing = await self._answer(first["id"], answered)
            await self._changes()
            await self._told(outgoing, {state for told in answered.told for state in told.states})
        return str(first["id"])

    async def lose(self, envelope_id: str, told: Told) -> None:
        """After `run`, an answer of which the provider's word is lost: what is told of it by our own id is found by it."""
        text = f"Did this arrive, {self._case.name}?"
        self._way.fake.hang()
        _, printed, complaint = await self._desk.commands.run("reply", envelope_id, "--text", text)
        assert printed, f"regia reply: {complaint}"
        id_ = printed.split()[0]
        await self._desk.outgoing(id_, lambda shown: shown.row["state"] == "unknown", "unknown")
        (mine,) = [one for one in self._way.fake.accepted if one.text == text]
        self._places |= {"sent": mine.id, "token": id_}
        await self._deliver(told.sample)
        await self._told(id_, set(told.states), seconds=5)

    async def _changes(self) -> None:
        for change in self._case.changes:
            await self._contact(change)

    async def _deliver(self, sample: Sample, acknowledged: str | None = None) -> None:
        reply = await self._provider.deliver(self._way, sample.body(**self._places), self._provider.secret)
        if reply is None:
            return
        kind, pattern = self._provider.answered
        said = reply.body.decode()
        assert reply.status == 200, f"{sample.file} got {reply.status} {said}"
        assert reply.headers["Content-Type"].partition(";")[0] == kind, f"{sample.file}: {reply.headers['Content-Type']}"
        assert re.fullmatch(acknowledged or pattern, said), f"{sample.file} is acknowledged by {said}"

    async def _contact(self, contact: Contact, *, by_sender: bool = False) -> dict[str, Any]:
        await self._deliver(contact.sample, contact.acknowledged)
        try:
            envelope = await self._desk.take(self._case)
        except TimeoutError:
            raise AssertionError(f"{contact.sample.file} did not become an envelope") from None
        data = envelope["data"]
        found = {name: data[name] for name in ("connector", "channel", "kind", "text", "refers_to")}
        words = {"kind": contact.kind, "text": contact.text, "refers_to": contact.refers_to}
        expected = {"connector": self._case.connector, "channel": self._case.channel, **words}
        assert found == expected, f"{contact.sample.file} became {found}, not {expected}"
        handle = tuple(data["sender"]["handle"][name] for name in ("kind", "value", "proof"))
        assert not by_sender or handle == self._case.handle, f"{contact.sample.file} is of {handle}"
        await self._files(contact, data["attachments"])
        return envelope

    def _serve(self, names: tuple[str, ...]) -> None:
        self._way.fake.files |= {name: content(name) for name in names if not name.startswith("/")}

    async def _files(self, contact: Contact, attachments: list[dict[str, Any]]) -> None:
        states = [(one["state"], one["reason"]) for one in attachments]
        assert states == [("stored", None)] * len(contact.files), f"files of {contact.sample.file}: {states}"
        for one, name in zip(attachments, contact.files, strict=True):
            assert await self._desk.file(one["id"]) == content(name), f"{contact.sample.file}: other bytes than {name}"

    async def _answer(self, envelope_id: str, answered: Answered) -> str:
        """The id of our answer, once the provider has it; `{sent}` is the provider's from then on."""
        text = f"La padella è partita oggi.\nGrüße an {self._case.name} 🍳"
        code, printed, complaint = await self._desk.commands.run("reply", envelope_id, "--text", text)
        assert code == 0, f"regia reply: {printed} {complaint} {self._way.fake.refused}"
        id_ = str(printed.split()[0])
        shown = await self._desk.outgoing(id_, lambda shown: shown.row["state"] not in ("queued", "sending"), "tried")
        assert shown.row["state"] == "sent", f"the answer: {shown.row} {self._way.fake.refused}"
        mine = [one for one in self._way.fake.accepted if one.text == text]
        assert [one.to for one in mine] == [answered.to], f"{mine} {self._way.fake.refused}"
        self._places["sent"] = mine[0].id
        # Where a provider's ids are unique in a chat only, the chat stands before them.
        named = shown.row["external_id"].rpartition(":")[2]
        assert named == (mine[0].id if answered.named else ""), f"the provider's id is {mine[0].id}, on record is {named}"
        for told in answered.told:
            await self._deliver(told.sample)
        return id_

    async def _told(self, outgoing: str, states: set[str], seconds: float = SECONDS) -> None:
        """What the provider told is found by our answer."""
        await self._desk.outgoing(outgoing, lambda shown: states <= shown.told, f"told {sorted(states)}", seconds)

    async def _unanswerable(self, envelope_id: str) -> None:
        code, printed, complaint = await self._desk.commands.run("reply", envelope_id, "--text", "Ciao")
        assert (code, printed) == (1, ""), f"an answer was queued: {printed}"
        assert complaint.startswith("regia: not sent, "), complaint
