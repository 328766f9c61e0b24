"""Messages out: what may not leave is refused without a call, and every failure has a code of the closed list."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from connectors.abilities import Limits
from connectors.base import Outgoing, Sent
from connectors.conformance.check import Check, require, secrets_of, trying
from connectors.conformance.fake_http import Call, FakeHttp, answer
from connectors.conformance.subject import Replying, Subject
from connectors.errors import HttpFailed, SendCode, SendFailed
from normalizer.inbound import Button, Handle

CODES: Final = frozenset(get_args(SendCode))
STATUSES: Final = (400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504)
_MEANINGS: Final[Mapping[int, SendCode]] = {
    401: "auth",
    408: "unknown",
    429: "rate_limited",
    500: "retryable",
    502: "retryable",
    503: "retryable",
    504: "unknown",
}


def replying(subject: Subject) -> Replying:
    if subject.replying is None:  # such checks do not apply then
        raise LookupError("the subject does not say how replies are tried")
    return subject.replying


def limits_of(subject: Subject) -> Limits:
    limits = subject.channel.abilities.send
    if limits is None:  # as above
        raise LookupError("the channel does not send")
    return limits


def outgoing(subject: Subject, **changed: Any) -> Outgoing:
    """The reply of the subject, to somebody who has just written."""
    return replace(replying(subject).outgoing, **{"last_inbound_at": datetime.now(UTC) - timedelta(minutes=1), **changed})


async def sent(subject: Subject, message: Outgoing, http: FakeHttp, what: str) -> Sent | SendFailed:
    """What `send` gives or raises on purpose; anything else is a defect."""
    with trying(what):
        try:
            return await subject.connector().send(message, http)
        except SendFailed as failed:
            require(failed.code in CODES, f"{what}: {failed.code} is no code of the list")
            return failed


def _before(subject: Subject) -> list[Any]:
    """Answers to what a channel asks before it sends, such as for a token."""
    return list(replying(subject).before)


def taken(subject: Subject) -> FakeHttp:
    """A provider that takes whatever comes."""
    return provider(subject, *[replying(subject).taken] * 9)


def provider(subject: Subject, *answers: Any) -> FakeHttp:
    return FakeHttp(*_before(subject), *answers)


def posts(subject: Subject, http: FakeHttp) -> list[Call]:
    return http.calls[len(_before(subject)) :]


def payload(call: Call) -> str:
    """Everything that a call carries, as text."""
    body = (call.body or b"").decode("utf-8", "replace")
    return json.dumps([call.json, dict(call.form or {}), body, call.url], ensure_ascii=False)


async def a_message_leaves(subject: Subject) -> None:
    """The provider takes it, and its id is handed back."""
    http = provider(subject, replying(subject).taken)
    given = await sent(subject, outgoing(subject), http, "a message")
    named = isinstance(given, Sent) and (given.external_ids or replying(subject).nameless)
    require(named, "a message that the provider took has no id")
    require(len(posts(subject, http)) == 1, "one message did not leave as one")


async def each_refusal_has_its_code(subject: Subject) -> None:
    """The provider's documented refusals, each with the code that its subject says."""
    for said, code in replying(subject).told:
        given = await sent(subject, outgoing(subject), provider(subject, *[said] * 3), f"the refusal {code}")
        require(isinstance(given, SendFailed), f"the refusal {code}: taken for a success")
        if isinstance(given, SendFailed):
            require(given.code == code, f"a refusal that means {code} was told as {given.code}")


async def every_status_has_a_code(subject: Subject) -> None:
    """Answers without a word of the provider's, from its gateways and proxies."""
    for status in STATUSES:
        for body in (b"", b"<html>no</html>", b"{}", b"[]", b'{"error":[]}'):
            said = answer(body, status)
            given = await sent(subject, outgoing(subject), provider(subject, *[said] * 3), f"an answer of {status}")
            if subject.replying and status in subject.replying.good_statuses:
                continue
            require(isinstance(given, SendFailed), f"an answer of {status} was taken for a success")


async def each_status_means_what_it_says(subject: Subject) -> None:
    """401 is for the operator, 429 is a wait, and what the provider's server failed at may be tried again. But 408 and 504 come
    after the message left, from whoever gave up waiting: nobody knows what became of it."""
    for status, wanted in _MEANINGS.items():
        if status in replying(subject).good_statuses:
            continue
        given = await sent(subject, outgoing(subject), provider(subject, *[answer(b"", status)] * 3), f"an answer of {status}")
        code = given.code if isinstance(given, SendFailed) else "a success"
        right = {wanted, "retryable"} if wanted == "unknown" and replying(subject).repeatable else {wanted}
        require(code in right, f"an answer of {status} is {code}, not {wanted}")


async def a_busy_provider_is_given_its_time(subject: Subject) -> None:
    """429 with Retry-After: the wait is handed on."""
    said = answer(b"{}", 429, {"retry-after": "30"})
    given = await sent(subject, outgoing(subject), provider(subject, *[said] * 3), "a busy provider")
    require(isinstance(given, SendFailed) and given.code == "rate_limited", "429 is not rate_limited")
    require(isinstance(given, SendFailed) and given.retry_after, "the provider's wait is lost")


async def an_answer_that_is_none_is_no_success(subject: Subject) -> None:
    """Text where JSON is due does not say that the message was taken."""
    given = await sent(
        subject, outgoing(subject), provider(subject, *[answer(b"not what is due", 200)] * 3), "a senseless answer"
    )
    require(isinstance(given, SendFailed) or not given.external_ids, "an id was read out of a senseless answer")


async def a_lost_answer_is_unknown(subject: Subject) -> None:
    """Whether the message left is not known, so it is not sent again by itself, unless the provider knows repeats."""
    given = await sent(subject, outgoing(subject), provider(subject, HttpFailed("timeout", sent=True)), "a lost answer")
    wanted = "retryable" if replying(subject).repeatable else "unknown"
    require(isinstance(given, SendFailed) and given.code == wanted, f"a lost answer is not {wanted}")


async def a_provider_out_of_reach_is_tried_again(subject: Subject) -> None:
    """The request never left: that is retryable."""
    given = await sent(subject, outgoing(subject), provider(subject, HttpFailed("provider_error", sent=False)), "no connection")
    require(isinstance(given, SendFailed) and given.retryable, "a request that never left is not retryable")


async def _refused_here(subject: Subject, what: str, codes: tuple[SendCode, ...], **changed: Any) -> None:
    http = taken(subject)
    given = await sent(subject, outgoing(subject, **changed), http, what)
    require(isinstance(given, SendFailed), f"{what}: sent")
    if isinstance(given, SendFailed):
        require(given.code in codes, f"{what}: {given.code}, not {' or '.join(codes)}")
    require(not http.calls, f"{what}: the provider was asked")


async def a_closed_window_asks_nobody(subject: Subject) -> None:
    """After the time for free texts the provider is not called: such calls count against the account."""
    window = subject.channel.abilities.window or timedelta()
    late = datetime.now(UTC) - window - timedelta(hours=1)
    await _refused_here(subject, "a closed window", ("window_closed",), last_inbound_at=late)


async def an_empty_message_asks_nobody(subject: Subject) -> None:
    """Without words and files there is nothing to send."""
    await _refused_here(subject, "an empty message", ("unsupported",), text=" \n")


async def a_foreign_recipient_asks_nobody(subject: Subject) -> None:
    """A handle of another channel is no address here."""
    foreign = Handle("carrier_pigeon", "grey-17", "verified")
    await _refused_here(subject, "a foreign recipient", ("invalid_recipient",), to=foreign, in_reply_to=None)


async def a_foreign_account_asks_nobody(subject: Subject) -> None:
    """What came to an account that is gone is not answered from another."""
    await _refused_here(subject, "a foreign account", ("unsupported", "auth"), account="account-of-nobody")


async def too_many_buttons_ask_nobody(subject: Subject) -> None:
    """None is left out silently."""
    limits = limits_of(subject)
    buttons = tuple(Button(id=str(number), title=f"n{number}") for number in range(limits.buttons + 1))
    await _refused_here(subject, "too many buttons", ("unsupported",), buttons=buttons)


async def buttons_leave_with_their_ids(subject: Subject) -> None:
    """What the customer taps comes back with the id that we gave."""
    http = provider(subject, *[replying(subject).taken] * 2)
    buttons = (Button(id="ret-damaged", title="Rotta"), Button(id="ret-wrong", title="Sbagliata"))[: limits_of(subject).buttons]
    given = await sent(subject, outgoing(subject, buttons=buttons), http, "buttons")
    require(isinstance(given, Sent), "a message with buttons was refused")
    carried = " ".join(map(payload, posts(subject, http)))
    for button in buttons:
        require(str(button.id) in carried and str(button.title) in carried, "a button did not leave with its id and title")


async def no_secret_is_told(subject: Subject) -> None:
    """Errors hold neither a secret nor the words that were to be sent, nor the provider's own."""
    secrets = secrets_of(subject)
    quoting = {
        "error": {"message": "CANARY-7731"},
        "message": "CANARY-7731",
        "description": "CANARY-7731",
        "errmsg": "CANARY-7731",
    }
    for status in (200, 400, 401, 403, 500):
        given = await sent(
            subject, outgoing(subject), provider(subject, *[answer(quoting, status)] * 3), "an answer that quotes"
        )
        if isinstance(given, SendFailed):
            told = f"{given} {given!r} {given.detail} {given.provider_code}"
            require("CANARY-7731" not in told, "the provider's words are repeated: they may quote the customer's")
            require(not any(secret in told for secret in secrets), "a secret is told")
            require(outgoing(subject).text not in told, "the text is told")


def sends(subject: Subject) -> bool:
    return subject.replying is not None and subject.channel.abilities.send is not None


SENDING: Final[tuple[Check, ...]] = (
    Check(a_message_leaves, sends),
    Check(each_refusal_has_its_code, sends),
    Check(every_status_has_a_code, sends),
    Check(each_status_means_what_it_says, sends),
    Check(a_busy_provider_is_given_its_time, sends),
    Check(an_answer_that_is_none_is_no_success, sends),
    Check(a_lost_answer_is_unknown, sends),
    Check(a_provider_out_of_reach_is_tried_again, sends),
    Check(a_closed_window_asks_nobody, lambda subject: sends(subject) and subject.channel.abilities.window is not None),
    Check(an_empty_message_asks_nobody, sends),
    Check(a_foreign_recipient_asks_nobody, sends),
    Check(a_foreign_account_asks_nobody, lambda subject: sends(subject) and "accounts" in subject.settings),
    Check(too_many_buttons_ask_nobody, sends),
    Check(buttons_leave_with_their_ids, lambda subject: sends(subject) and limits_of(subject).buttons > 0),
    Check(no_secret_is_told, sends),
)
