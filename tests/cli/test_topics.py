"""`regia check` says where no rule reads what customers choose."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from regia.cli.main import app

CHAT = """
  site:
    type: chat
    brand: demo
    flow:
      start: hello
      steps:
        hello: {say: Ciao, choices: [{id: back, label: Un reso, category: returns, next: talk}]}
        talk: {say: Eccoci, person: true}
"""
FORM = """
  form: {type: web_form, brand: demo, topics: {returns: {label: Un reso}}, topic_field: about}
"""
RULES = "categories: {general: {label: Altro}}\ndefault: general\nrules: []\n"


@pytest.mark.parametrize(
    ("connectors", "declared", "hints"),
    [
        (CHAT, "", [("site", "topic")]),
        (
            FORM,
            "fields: {topic: text}\n",
            [("form", "about")],
        ),
        (CHAT + FORM, "fields: {topic: text, about: text}\n", []),
        (CHAT.replace(", category: returns", ""), "", []),
    ],
)
def test_choices_that_decide_nothing(tmp_path: Path, connectors: str, declared: str, hints: list[str]) -> None:
    path = tmp_path / "regia.yaml"
    path.write_text(f"links_key: ${{KEY}}\nrules: [rules.yaml]\nconnectors:\n{connectors}")
    (tmp_path / "rules.yaml").write_text(declared + RULES)
    done = CliRunner().invoke(app, ["check", "-c", str(path)], env={"KEY": "key-of-links"})
    assert done.exit_code == 0, done.output
    said = [
        f"hint: what customers choose in {name} decides nothing: declare {field} in the rules of demo" for name, field in hints
    ]
    assert [line for line in done.output.splitlines() if line.startswith("hint")] == said
