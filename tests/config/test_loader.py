"""Settings end to end: file, variables, references and model, with all that is wrong said at once and no value told."""

import traceback
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, model_validator

from config.document import ConfigError
from config.loader import load, read
from config.secrets import Secret, SecretUrl


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Server(Strict):
    port: int = Field(default=8080, gt=0, lt=65536)
    public_url: str = "http://localhost"
    trusted_proxies: list[str] = []
    level: Literal["debug", "info", "warning"] = "info"


class FieldType(Enum):
    TEXT = "text"
    NUMBER = "number"


class Form(Strict):
    type: Literal["web_form"]
    brand: str
    fields: dict[str, FieldType] = {}


class Account(Strict):
    phone_number_id: str
    brand: str


class WhatsApp(Strict):
    type: Literal["whatsapp"]
    app_secret: SecretStr = Field(min_length=4)
    verify_token: Secret | None = None
    accounts: list[Account] = Field(min_length=1)


@dataclass
class Backend:
    token: SecretStr
    url: str = ""


class Settings(Strict):
    server: Server = Server()
    queues: SecretUrl | None = None
    connectors: dict[str, Annotated[Form | WhatsApp, Field(discriminator="type")]] = {}
    backends: tuple[Backend, ...] = ()
    plugins: dict[str, Any] = {}
    owner_email: str = Field(default="", alias="owner")

    @model_validator(mode="after")
    def owner_is_not_the_port(self) -> "Settings":
        if self.owner_email == str(self.server.port):
            raise ValueError(f"the owner {self.owner_email} is a port")
        return self


GOOD = """\
server:
  port: 8443
  public_url: https://${HOST}/regia
queues: amqp://regia:${RABBIT}@mq/
connectors:
  site-form: {type: web_form, brand: demo, fields: {order: text}}
  wa:
    type: whatsapp
    app_secret: ${APP_SECRET}
    verify_token: file:verify
    accounts:
      - {phone_number_id: '1065', brand: demo}
backends:
  - {token: file:verify, url: 'http://$${HOST}'}
plugins: {other: {token: '${NOT_SET}'}}
owner: anna@example.it
"""
ENVIRON = {"HOST": "example.it", "RABBIT": "rabbit-s3cret", "APP_SECRET": "app-s3cret"}


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "verify").write_text("verify-s3cret\n")
    path = tmp_path / "regia.yaml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong, with the file called `f`; every value of the samples that must not be told holds `s3cret`."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path, Settings, environ=ENVIRON if environ is None else environ)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.problems)
    assert "s3cret" not in told
    return str(caught.value).replace(str(path), "f").replace(str(tmp_path), "DIR").splitlines()


def test_a_good_file_becomes_settings(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD), Settings, environ=ENVIRON)
    assert settings.server.public_url == "https://example.it/regia"
    assert settings.queues is not None
    assert settings.queues.get_secret_value() == "amqp://regia:rabbit-s3cret@mq/"
    whatsapp = settings.connectors["wa"]
    assert isinstance(whatsapp, WhatsApp)
    assert whatsapp.app_secret.get_secret_value() == "app-s3cret"
    assert whatsapp.verify_token is not None
    assert whatsapp.verify_token.get_secret_value() == "verify-s3cret"
    assert settings.backends[0].token.get_secret_value() == "verify-s3cret"
    assert settings.backends[0].url == "http://${HOST}"
    assert settings.plugins == {"other": {"token": "${NOT_SET}"}}
    assert "s3cret" not in repr(settings)


MISTAKES = {
    "unknown_key_at_the_top": ("sevrer: {}\n", ["f:1:1: sevrer: is not a known key (did you mean server?)"]),
    "unknown_key_by_alias": ("owners: x\n", ["f:1:1: owners: is not a known key (did you mean owner?)"]),
    "unknown_key_like_nothing": ("zzzzzz: s3cret\n", ["f:1:1: zzzzzz: is not a known key"]),
    "unknown_key_in_another_case": ("server:\n  Port: 1\n", ["f:2:3: server.Port: is not a known key (did you mean port?)"]),
    "unknown_key_in_a_union": (
        "connectors:\n  a:\n    type: web_form\n    brand: x\n    fileds: {}\n    acounts: []\n",
        [
            "f:5:5: connectors.a.fileds: is not a known key (did you mean fields?)",
            "f:6:5: connectors.a.acounts: is not a known key",
        ],
    ),
    "missing_key": ("connectors:\n  a:\n    type: web_form\n", ["f:3:5: connectors.a.brand: is missing"]),
    "missing_key_in_flow": ("connectors: {a: {type: web_form}}\n", ["f:1:17: connectors.a.brand: is missing"]),
    "missing_in_a_list_item": (
        "connectors:\n  wa:\n    type: whatsapp\n    app_secret: ${APP_SECRET}\n    accounts:\n      - brand: x\n",
        ["f:6:9: connectors.wa.accounts[0].phone_number_id: is missing"],
    ),
    "missing_type": ("connectors:\n  a: {brand: x}\n", ["f:2:6: connectors.a.type: is missing"]),
    "unknown_type": (
        "connectors:\n  a: {type: webform, brand: x}\n",
        ["f:2:13: connectors.a.type: must be one of 'web_form', 'whatsapp' (did you mean web_form?)"],
    ),
    "unknown_choice": (
        "server: {level: inof}\n",
        ["f:1:17: server.level: must be one of 'debug', 'info' or 'warning' (did you mean info?)"],
    ),
    "choice_that_is_a_value": (
        "server: {level: s3cret}\n",
        ["f:1:17: server.level: must be one of 'debug', 'info' or 'warning'"],
    ),
    "enum": (
        "connectors:\n  a: {type: web_form, brand: x, fields: {order: s3cret}}\n",
        ["f:2:49: connectors.a.fields.order: must be one of 'text' or 'number'"],
    ),
    "text_for_a_number": ("server:\n  port: s3cret\n", ["f:2:9: server.port: must be a whole number"]),
    "out_of_range": ("server:\n  port: 70000\n", ["f:2:9: server.port: must be less than 65536"]),
    "number_for_text": (
        "connectors:\n  a: {type: web_form, brand: 39021}\n",
        ["f:2:30: connectors.a.brand: must be text (put it in quotes)"],
    ),
    "value_for_a_section": ("server: s3cret\n", ["f:1:9: server: must be a mapping of keys to values"]),
    "empty_section": ("server:\n", ["f:1:1: server: must be a mapping of keys to values (it is empty)"]),
    "value_for_a_list": ("server: {trusted_proxies: s3cret}\n", ["f:1:27: server.trusted_proxies: must be a list"]),
    "list_of_wrong_things": (
        "server:\n  trusted_proxies:\n    - a\n    - {b: s3cret}\n",
        ["f:4:7: server.trusted_proxies[1]: must be text"],
    ),
    "top_is_a_list": ("- s3cret\n", ["f:1:1: must be a mapping of keys to values"]),
    "top_is_text": ("s3cret\n", ["f:1:1: must be a mapping of keys to values"]),
    "secret_in_the_file": (
        "connectors:\n  wa:\n    type: whatsapp\n    app_secret: s3cret\n    verify_token: 1234\n    accounts: []\n",
        [
            "f:4:17: connectors.wa.app_secret: a secret stands in the file (write ${NAME} or file:PATH)",
            "f:5:19: connectors.wa.verify_token: a secret stands in the file (write ${NAME} or file:PATH)",
            "f:6:15: connectors.wa.accounts: must have at least 1 item after validation, not 0",
        ],
    ),
    "secret_in_a_dataclass": (
        "backends:\n  - token: s3cret\n",
        ["f:2:12: backends[0].token: a secret stands in the file (write ${NAME} or file:PATH)"],
    ),
    "password_in_an_address": (
        "queues: amqp://regia:s3cret@mq/\n",
        ["f:1:9: queues: a password stands in the address (write ${NAME} in its place)"],
    ),
    "secret_that_is_a_mapping": ("queues: {a: s3cret}\n", ["f:1:9: queues: must be text"]),
    "variables_not_set": (
        "server:\n  public_url: 'https://${S1}/'\n  port: ${S2}\nqueues: ${S3}\n",
        [
            "f:2:15: server.public_url: the environment variable S1 is not set (set S1 before the start)",
            "f:3:9: server.port: the environment variable S2 is not set (set S2 before the start)",
            "f:4:9: queues: the environment variable S3 is not set (set S3 before the start)",
        ],
    ),
    "file_not_there": (
        "queues: file:none\n",
        ["f:1:9: queues: the file DIR/none does not exist (create it with the secret as its only line)"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_reported_where_they_stand(tmp_path: Path, case: str) -> None:
    text, expected = MISTAKES[case]
    assert problems(tmp_path, text) == expected


def test_everything_is_reported_at_once(tmp_path: Path) -> None:
    text = "server:\n  prot: 1\n  port: x\n  port: 2\nowner: !t ${NONE}\nqueues: s3://a:s3cret@b\n"
    assert problems(tmp_path, text, {"REGIA__SERVER__LEVEL": "s3cret", "REGIA__NOPE": "1", "REGIA__OWNER__X": "2"}) == [
        "f:2:3: server.prot: is not a known key (did you mean port?)",
        "f:3:9: server.port: must be a whole number",
        "f:4:3: server.port: this key stands twice (remove or rename one of them)",
        "f:5:8: tags (!…) are not allowed (put text that begins with ! in quotes)",
        "f:5:8: owner: the environment variable NONE is not set (set NONE before the start)",
        "f:6:9: queues: a password stands in the address (write ${NAME} in its place)",
        "REGIA__NOPE: nope: is not a known key",
        "REGIA__OWNER__X: owner is a value and has no keys",
        "REGIA__SERVER__LEVEL: server.level: must be one of 'debug', 'info' or 'warning'",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("REGIA__SERVER__PORT", "s3cret", "server.port: must be a whole number"),
        ("REGIA__SERVER__PROT", "1", "server.prot: is not a known key (did you mean port?)"),
        ("REGIA__SEVRER__PORT", "1", "sevrer: is not a known key (did you mean server?)"),
        ("REGIA__SERVER", "{prot: s3cret}", "server.prot: is not a known key (did you mean port?)"),
        ("REGIA__CONNECTORS__NEW__BRAND", "x", "connectors.new.type: is missing"),
        ("REGIA__CONNECTORS__NEW__TYPE", "web_form", "connectors.new.brand: is missing"),
        ("REGIA__QUEUES", "file:none", "queues: the file DIR/none does not exist (create it with the secret as its only line)"),
        ("REGIA__QUEUES", "{a: s3cret}", "queues: must be text"),
    ],
)
def test_a_problem_with_an_override_names_the_variable(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    assert problems(tmp_path, GOOD, {**ENVIRON, variable: value}) == [f"{variable}: {expected}"]


@pytest.mark.parametrize("value", ["s3cret", "0042", "true", "1.50", "a: b #c", "${NOT_A_REFERENCE}", "*x", "'s3cret'"])
def test_a_secret_may_be_set_by_a_variable(tmp_path: Path, value: str) -> None:
    environ = {**ENVIRON, "REGIA__CONNECTORS__WA__VERIFY_TOKEN": value}
    whatsapp = load(written(tmp_path, GOOD), Settings, environ=environ).connectors["wa"]
    assert isinstance(whatsapp, WhatsApp)
    assert whatsapp.verify_token is not None
    assert whatsapp.verify_token.get_secret_value() == value.strip("'")


def test_a_secret_may_be_in_a_section_set_by_a_variable(tmp_path: Path) -> None:
    environ = {**ENVIRON, "REGIA__BACKENDS": "[{token: s3cret}, {token: 'file:verify'}]"}
    backends = load(written(tmp_path, GOOD), Settings, environ=environ).backends
    assert [backend.token.get_secret_value() for backend in backends] == ["s3cret", "verify-s3cret"]


def test_a_model_that_tells_a_value_is_not_quoted(tmp_path: Path) -> None:
    environ = {"PORT": "5432"}
    expected = ["f:1:1: is not valid: value error"]
    assert problems(tmp_path, "server: {port: '${PORT}'}\nowner: '${PORT}'\n", environ) == expected
    assert problems(tmp_path, "server: {port: 5432}\nowner: '5432'\n", {}) == expected


def test_what_a_model_says_without_values_is_told(tmp_path: Path) -> None:
    class Pair(Strict):
        low: int
        high: int

        @model_validator(mode="after")
        def ordered(self) -> "Pair":
            if self.low > self.high:
                raise ValueError("high must not be below low")
            return self

    class Outer(Strict):
        pair: Pair

    path = written(tmp_path, "pair:\n  low: 2\n  high: 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path, Outer, environ={})
    assert str(caught.value) == f"{path}:2:3: pair: high must not be below low"


def test_two_steps_with_the_folder_from_the_environment(tmp_path: Path) -> None:
    class Data(Strict):
        path: Path

    class Config(Strict):
        data: Data
        token: Secret

    path = written(tmp_path, "data: {path: '${BASE}/data'}\ntoken: file:token\n")
    document = read(path, {"BASE": str(tmp_path), "REGIA__DATA__PATH": str(tmp_path / "other")})
    folder = Path(document.get("data", "path")) / "secrets"
    assert folder == tmp_path / "other" / "secrets"
    first = document.validate(Config, secrets_folder=folder, make_secrets=True)
    again = document.validate(Config, secrets_folder=folder)
    assert first.token == again.token
    assert len(first.token.get_secret_value()) >= 43
    assert document.data["token"] == "file:token"
    assert read(path, {"BASE": "/srv"}).get("data", "path") == "/srv/data"
    with pytest.raises(ConfigError, match=r":1:14: data\.path: the environment variable BASE is not set"):
        read(path, {}).get("data", "path")


def test_sections_can_be_validated_one_by_one(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("brand: demo, fields", "brnad: demo, fields"))
    document = read(path, ENVIRON)
    whatsapp = document.validate(WhatsApp, secrets_folder=tmp_path, at=("connectors", "wa"))
    assert whatsapp.app_secret.get_secret_value() == "app-s3cret"
    with pytest.raises(ConfigError) as caught:
        document.validate(Form, secrets_folder=tmp_path, at=("connectors", "site-form"))
    assert str(caught.value).splitlines() == [
        f"{path}:6:14: connectors.site-form.brand: is missing",
        f"{path}:6:31: connectors.site-form.brnad: is not a known key (did you mean brand?)",
    ]
    backends = document.validate(RootModel[list[Backend]], secrets_folder=tmp_path, at=("backends",)).root
    assert backends[0].token.get_secret_value() == "verify-s3cret"
    assert document.validate(Server, secrets_folder=tmp_path, at=("absent",)) == Server()


def test_a_document_does_not_show_values_or_variables(tmp_path: Path) -> None:
    document = read(written(tmp_path, "owner: s3cret"), {"REGIA__QUEUES": "s3cret", "X": "s3cret"})
    assert "s3cret" not in repr(document)


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "none.yaml", Settings, environ={})
