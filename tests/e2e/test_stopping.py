"""How a gateway ends, and what it says when it cannot begin."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import REGIA, Gateway
from tests.e2e.runs import stopped_under_load


@pytest.mark.sample
def test_sigterm_under_load_drains_within_ten_seconds(make_gateway: MakeGateway, tmp_path: Path) -> None:
    assert stopped_under_load(make_gateway(), tmp_path, seed=5, messages=400) < 10


def _refused(gateway: Gateway, *, code: int) -> str:
    """Try to start; what it says on its way out. It must end by itself, soon, with this code and without a traceback."""
    line = [*REGIA, "run", "-c", str(gateway.config)]
    done = subprocess.run(
        line, env=gateway.environ, cwd=gateway.folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def test_a_second_gateway_is_told_what_is_taken(make_gateway: MakeGateway) -> None:
    first = make_gateway()
    first.start()
    other_data = make_gateway(REGIA__SERVER__PORT=str(first.port))
    said = _refused(other_data, code=1)
    assert f"cannot listen on 127.0.0.1:{first.port}" in said
    assert "REGIA__SERVER__PORT" in said
    same_data = make_gateway(REGIA__DATA__PATH=str(first.data))
    said = _refused(same_data, code=1)
    assert f"another gateway uses {first.data}" in said
    assert "REGIA__DATA__PATH" in said
    assert first.answers("/health/ready"), "the first gateway must not notice"
    first.stop()


BROKEN = """\
server: {port: eighty}
languages: []
rules: [rules.yaml, missing.yaml]
links_key: in-plain-text
connectors:
  whatsapp: {type: whatsapp, app_secret: "${E2E_MISSING}", verify_token: file:absent, accounts: {}}
  fax: {type: telefax}
"""
BROKEN_RULES = """\
categories: {general: {}}
default: general
rules:
  - name: strange
    when: {colour: red}
    then: {category: nowhere}
"""


def test_a_broken_configuration_names_every_problem_with_its_place(make_gateway: MakeGateway, tmp_path: Path) -> None:
    config = tmp_path / "broken.yaml"
    config.write_text(BROKEN)
    (tmp_path / "rules.yaml").write_text(BROKEN_RULES)
    gateway = make_gateway(config=config)
    environ = gateway.environ
    environ.pop("REGIA__SERVER__PORT")
    line = [*REGIA, "run", "-c", str(config)]
    done = subprocess.run(line, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for place in ("broken.yaml:1:", "broken.yaml:2:", "broken.yaml:4:"):
        assert place in done.stderr, done.stderr
    assert "in-plain-text" not in done.stderr, "a secret must not be shown"
    assert "nothing was started" in done.stderr
    assert not (gateway.data / "journal").exists()


def test_a_broken_channel_and_broken_rules_are_told_together(make_gateway: MakeGateway, tmp_path: Path) -> None:
    config = tmp_path / "broken.yaml"
    text = (
        BROKEN.replace("port: eighty", "port: 8080").replace(", missing.yaml", "").replace("languages: []", "languages: [it]")
    )
    config.write_text(text.replace("in-plain-text", "file:links-key").replace("server:", "data: {make_secrets: true}\nserver:"))
    (tmp_path / "rules.yaml").write_text(BROKEN_RULES)
    gateway = make_gateway(config=config)
    said = _refused(gateway, code=2)
    for problem in ("E2E_MISSING", "accounts", "telefax", "colour", "nowhere"):
        assert problem in said, f"{problem} is not told:\n{said}"
