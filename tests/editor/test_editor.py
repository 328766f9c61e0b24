"""What somebody sees who writes rules in an editor, from the language server of VS Code's YAML extension itself."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from jsonschema import Draft7Validator
from playwright._impl._driver import compute_driver_executable

from router import keys
from router.actions import ActionReader
from router.names import Usage
from router.schema import json_schema
from router.vocabulary import VOCABULARY
from tests.editor.language_server import Editor, editor
from tests.router.made_files import Maker
from tests.router.test_docs import EXAMPLES
from tests.router.test_schema import SHIPPED

SERVER = Path(__file__).parent / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
MODELINE = "# yaml-language-server: $schema=rules.schema.json\n"
RULE = f"{MODELINE}rules:\n  - name: x\n"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    if not SERVER.exists():
        if "CI" in os.environ and shutil.which("npm"):
            pytest.fail("scripts/editor-server.sh has not brought the language server")
        pytest.skip("the language server is not here: run scripts/editor-server.sh, which needs npm")
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.schema.json").write_text(json.dumps(json_schema()))
    node, _ = compute_driver_executable()
    with editor(Path(node), SERVER, folder) as made:
        yield made


def test_conditions_are_offered(opened: Editor) -> None:
    offered = opened.completions(f"{RULE}    when:\n      ¦\n")
    assert set(offered) == {*VOCABULARY, *keys.LOGIC}
    assert offered["channel"]["insertText"] == "channel: "
    assert "whatsapp" in offered["channel"]["documentation"]
    inside = opened.completions(f"{RULE}    when:\n      any:\n        - not:\n            ¦\n")
    assert set(inside) == set(offered)


def test_operators_and_values_are_offered(opened: Editor) -> None:
    assert set(opened.completions(f"{RULE}    when:\n      text:\n        ¦\n")) == set(keys.OPERATORS)
    kinds = set(opened.completions(f"{RULE}    when:\n      kind: ¦\n"))
    assert kinds == {*VOCABULARY["kind"].choices, "null"}
    office = f"{MODELINE}calendars:\n  office:\n"
    assert "Europe/Rome" in opened.completions(f"{office}    timezone: ¦\n")
    regions = opened.completions(f"{office}    holidays: {{country: IT, region: ¦}}\n")
    assert "MI" in regions
    assert "BY" not in regions


def test_actions_are_offered(opened: Editor) -> None:
    assert set(opened.completions(f"{RULE}    then:\n      ¦\n")) == set(ActionReader((), (), (), (), Usage()).known)
    raised = opened.completions(f"{RULE}    then:\n      priority: ¦\n")
    assert raised['"+1"']["insertText"] == '"+${1:1}"'  # without the quotes it would be the number 1


@pytest.mark.parametrize(("place", "label", "begins"), [
    ("rules:\n  - ¦\n", "rule", "name: "),
    ("tests:\n  - ¦\n", "test", "name: "),
    ("categories:\n  returns:\n    ¦\n", "category", "label: "),
    ("calendars:\n  office:\n    ¦\n", "calendar", "timezone: "),
])  # fmt: skip
def test_whole_forms_are_offered_and_are_right(opened: Editor, place: str, label: str, begins: str) -> None:
    inserted = opened.completions(MODELINE + place)[label]["insertText"]
    assert inserted.startswith(begins)
    filled = re.sub(r"\$\{\d:([^}]*)\}", r"\1", inserted)
    before, _, _ = place.partition("¦")
    indent, _ = re.match(r"( *)(.*)", before.rpartition("\n")[2]).groups()  # an editor begins all lines like the first
    text = before + filled.replace("\n", f"\n{indent}")
    assert opened.underlined(MODELINE + text) == []


@pytest.mark.parametrize(("place", "shown"), [
    ("    when:\n      history.un¦answered: '>= 2'\n", "contacts of this customer nobody has answered, on any channel"),
    ("    when: {any: [{not: {history.un¦answered: 2}}]}\n", "contacts of this customer nobody has answered, on any channel"),
    ("    when:\n      fields.to¦tal: 2\n", "declared under `fields:`, or taken out of a text"),
    ("    when: {hours.off¦ice: open}\n", "whether it is open at the moment `received`"),
    ("    when: {text: {wor¦ds: x}}\n", "as whole words"),
    ("    then: {disc¦ard: x}\n", "The message goes to no queue"),
    ("tests:\n  - message: {customer: {ti¦er: gold}}\n", "from your customer data"),
])  # fmt: skip
def test_words_are_shown(opened: Editor, place: str, shown: str) -> None:
    text = opened.hover((MODELINE if place.startswith("tests") else RULE) + place)
    assert shown in text
    assert "(#" not in text


@pytest.mark.parametrize(("place", "underlined", "said"), [
    ("    when: {chanel: x}\n    then: {tags: a}\n", "chanel", "Property chanel is not allowed."),
    ("    then: {categry: a}\n", "categry", "Property categry is not allowed."),
    ("    when: {text: {word: x}}\n    then: {tags: a}\n", "word", "Property word is not allowed."),
    ("    then: {priority: '+10'}\n", "'+10'", 'must be a whole number from 0 to 9, or "+1" to "+9" in quotes'),
    ("    then: {playbook: wiki}\n", "wiki", "must be a link that begins with https:// or http://"),
    ("    when: {date.office: '> 2026-02-30'}\n    then: {tags: a}\n", "'> 2026-02-30'", "must be a date or a comparison"),
])  # fmt: skip
def test_mistakes_are_underlined(opened: Editor, place: str, underlined: str, said: str) -> None:
    ((piece, message),) = opened.underlined(RULE + place)
    assert piece == underlined
    assert message.startswith(said)


def test_what_is_right_is_not_underlined(opened: Editor) -> None:
    texts = [*EXAMPLES, *(path.read_text(encoding="utf-8") for path in SHIPPED)]
    found = opened.all_underlined([MODELINE + text for text in texts])
    assert [one for one in zip(texts, found, strict=True) if one[1]] == []


def test_it_judges_as_another_reader_of_the_schema(opened: Editor) -> None:
    validator, files = Draft7Validator(json_schema()), []
    for seed in range(100):
        maker = Maker(json_schema(), Random(seed))  # noqa: S311  # no secret
        files += [data := maker.file(), maker.spoilt(data)]
    found = opened.all_underlined([MODELINE + json.dumps(data, ensure_ascii=False) for data in files])
    differ = [(data, said) for data, said in zip(files, found, strict=True) if bool(said) == validator.is_valid(data)]
    assert differ == []
