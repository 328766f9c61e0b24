"""What is done to a customer from their page: said of them, an address let go, suggestions decided."""

from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from identity import decisions, links
from identity.facts import BadFacts, Given, read_facts
from identity.profile import Value
from identity.profiles import Changed, set_facts
from identity.refusals import NotPossible
from identity.views.profile import Profile, profile
from identity.views.tops import own_link
from regia import by_hand
from regia.http.console import customer
from regia.http.console.visit import Visit
from web.console.customer import ProfileForm, facts_mark, shown_values
from web.console.texts.customer import CUSTOMER

_FIELDS: Final = ("name", "language", "tier", "tags", "competence", "crm_id")


class _Meanwhile(Exception):
    """Somebody else changed the profile since the form was shown."""

    def __init__(self, now: Profile) -> None:
        super().__init__()
        self.now = now


def so(visit: Visit) -> dict[str, Any]:
    """Who does it, when, and by which policy, as the functions of identity take it."""
    policy = visit.gateway.configured.settings.policy
    return {"actor": visit.actor, "now_ms": by_hand.now_ms(), "policy": policy}


async def change(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/profile`: what an agent says of them. Only what was changed in the form is said."""
    id_ = customer.id_of(visit)
    typed = {name: visit.form.text(name) for name in _FIELDS}
    try:
        done = await visit.write(lambda connection: _say(connection, id_, typed, visit.form.text("mark"), so(visit)))
    except BadFacts as bad:
        return await _again(visit, "invalid_fields", ProfileForm(values=typed, wrong=_wrong(visit, bad)))
    except _Meanwhile as meanwhile:
        theirs = _theirs(typed, meanwhile.now)
        return await _again(visit, "changed_meanwhile", ProfileForm(values=typed, theirs=theirs), status=409)
    except NotPossible as error:
        if error.reason not in ("crm_conflict", "shared_handle", "handle_cap"):
            raise await customer.refused(visit, error) from None
        words = CUSTOMER[visit.frame.language].refused[error.reason]
        return await _again(visit, error.reason, ProfileForm(values=typed, wrong={"crm_id": words}))
    return visit.to(f"/customers/{done.customer_id}", said="saved")


async def release(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/links/{link}/release`: an address is not theirs any more."""
    id_, link = customer.id_of(visit), visit.named("link")
    visit.what = f"{id_} {link}"

    def work(connection: Connection) -> None:
        own_link(connection, id_, link)
        links.release(connection, link, actor=visit.actor, now_ms=so(visit)["now_ms"])

    await visit.write(work)
    return visit.to(f"/customers/{id_}", said="released")


async def accept(visit: Visit) -> web.StreamResponse:
    """`POST /console/suggestions/{id}/accept`: the two are one, with `top` above."""
    id_, top = customer.id_of(visit), visit.form.text("top") or None
    done = await visit.write(lambda connection: decisions.accept(connection, id_, top=top, **so(visit)))
    return visit.to(f"/customers/{done.customer_id}", said="merged")


async def reject(visit: Visit) -> web.StreamResponse:
    """`POST /console/suggestions/{id}/reject`: the two are not one."""
    id_, back, by = customer.id_of(visit), visit.form.text("customer"), so(visit)
    await visit.write(lambda connection: decisions.reject(connection, id_, actor=by["actor"], now_ms=by["now_ms"]))
    return visit.to(f"/customers/{back}" if back else "/customers", said="rejected")


def _say(connection: Connection, id_: str, typed: dict[str, str], mark: str, by: dict[str, Any]) -> Changed:
    now = profile(connection, id_, policy=by["policy"], now_ms=by["now_ms"])
    if facts_mark(now) != mark:
        raise _Meanwhile(now)
    shown = shown_values(now)
    given = {name: _given(name, value) for name, value in typed.items() if value != shown[name]}
    values: dict[Given, Value] = read_facts(given)
    return set_facts(connection, id_, "agent", values, **by)


def _given(name: str, value: str) -> object:
    """Tags are written with commas between them."""
    return (value.split(",") if value else None) if name == "tags" else value or None


def _wrong(visit: Visit, bad: BadFacts) -> dict[str, str]:
    words = CUSTOMER[visit.frame.language].wrong
    return {name: words[name] for name in bad.problems}


def _theirs(typed: dict[str, str], now: Profile) -> dict[str, str]:
    return {name: value for name, value in shown_values(now).items() if value != typed[name]}


async def _again(visit: Visit, result: str, form: ProfileForm, *, status: int = 422) -> web.StreamResponse:
    await visit.note(result)
    return await customer.show(visit, status=status, profile=form)
