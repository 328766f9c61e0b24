"""Suggestions that are too many of one customer, through the whole pipeline: the figure tells of them."""

from prometheus_client import REGISTRY

from storage.schema import suggestions
from tests.contacts import email, inbound, phone
from tests.pipeline.conftest import Line

OWNERS = [email(f"a{number}@esempio.it", verified=True) for number in range(25)]


def figure() -> float:
    return REGISTRY.get_sample_value("regia_suggestions_left_out_total", {"reason": "same_claim"}) or 0


async def test_what_is_left_out_is_counted(line: Line) -> None:
    before = figure()
    line.start()
    await line.accept(*(inbound(f"o{number}", handle) for number, handle in enumerate(OWNERS)))
    await line.idle()
    for name, claims in (("m1", OWNERS[:15]), ("m2", OWNERS[15:])):
        await line.accept(inbound(name, phone(), claims=claims))
        await line.idle()
    assert len(await line.rows(suggestions)) == 20
    assert figure() == before + 5
