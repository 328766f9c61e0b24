"""Every refusal that the console can answer is told in words of its own, with a way to go on."""

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import get_args

import pytest
import pytest_asyncio
from selectolax.lexbor import LexborHTMLParser

from connectors.errors import RejectionCode
from identity.refusals import Reason
from tests.console.people_of_a_shop import anna, customer
from tests.console.scene import Scene, Somebody, a_console
from web.console.texts.refused import PEOPLE, PROGRAMS, REFUSED

CODES = frozenset(get_args(RejectionCode))
FILES = (
    *sorted(Path("regia/http/console").glob("*.py")),
    *(Path("regia/http") / name for name in ("requests.py", "errors.py", "visitors.py")),
    Path("connectors/forms.py"),
)
"""Whatever answers at an address of the console."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    async with a_console(tmp_path_factory.mktemp("console"), migrated_sqlite) as made:
        yield made


def named(path: Path) -> Iterator[str]:
    """Codes that stand in what the source gives to `Rejected`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejected":
            yield from (one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant) and one.value in CODES)


@pytest.mark.parametrize("language", ["it", "en"])
def test_each_has_words_of_its_own(language: str) -> None:
    words = REFUSED[language]  # type: ignore[index]  # one of the two
    assert words.keys() == {*PEOPLE, ""}
    assert all(title and advice for title, advice in words.values())
    assert len({title for title, _ in words.values()}) == len(words)


def test_what_only_programs_meet_the_console_never_answers() -> None:
    met = {code for path in FILES for code in named(path)}
    assert {"malformed", "not_found", "too_large", "handshake_refused"} <= met, "the sources are read"
    assert not PROGRAMS & (met | set(get_args(Reason)))


@pytest.mark.asyncio(loop_scope="module")
async def test_of_two_who_decide_a_suggestion_the_second_reads_so(scene: Scene) -> None:
    one, two = await anna(scene, "Ivo Testa", "ivo@decided.example", "+393385570001")
    giulia, marco = [await scene.logged_in(await scene.person(name, "agent")) for name in ("giulia", "marco")]
    page = await scene.page(f"/customers/{one}", giulia)
    assert not page.css("form[action$='/accept']"), "nothing is merged without a look at what would come of it"
    link = page.css_first(f".suggestion a[href$='/merge?with={two}']")
    assert link is not None
    seen = await scene.page((link.attributes["href"] or "").removeprefix("/console"), giulia)
    path = (seen.css_first("form[action$='/accept']").attributes["action"] or "").removeprefix("/console")  # type: ignore[union-attr]
    assert (await scene.post(path, marco, {"customer": one, "top": two})).status == 303
    assert (await customer(scene, one)).merged_into == two
    await _told(scene, giulia, path, one)
    answer = await scene.get(f"/customers/{one}/merge?with={two}", giulia)
    assert answer.status == 409
    assert REFUSED["it"]["same_customer"][0] in await answer.text()


async def _told(scene: Scene, who: Somebody, path: str, id_: str) -> None:
    title, advice = REFUSED["it"]["decided_already"]
    answer = await scene.post(path, who, {"customer": id_, "top": id_})
    page = LexborHTMLParser(await answer.text())
    assert answer.status == 409
    assert page.css_first("h1").text() == title  # type: ignore[union-attr]
    assert " ".join(advice.split()) in " ".join(page.text().split())
    assert f"/console/customers/{id_}" in [one.attributes["href"] for one in page.css("main a")]
    odd = LexborHTMLParser(await (await scene.post(path, who, {"customer": "../users"})).text())
    assert [one.attributes["href"] for one in odd.css("main a")] == ["/console/"]
