"""docker-compose.yml, the Dockerfile and the secrets script, as far as they can be checked without a container engine.

compose-spec.json is the Compose Specification's own JSON Schema (Apache-2.0, compose-spec/compose-spec), unchanged,
as shipped in check-jsonschema 0.39.0.
"""

import json
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from regia.settings import open_settings
from router.load import load as load_rules
from router.testing import run_tests

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text("utf-8"))
SERVERS = {"rabbitmq", "redis", "postgres"}
BROKERS = {"rabbitmq-1", "rabbitmq-2", "rabbitmq-3"}
GATEWAYS = {"gateway-1", "gateway-2", "gateway-3"}
CLUSTER = {*GATEWAYS, *BROKERS, "amqp", "balancer"}


def load(text: str) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(text))


COMPOSE = load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def schema_errors(document: object) -> list[str]:
    return [error.json_path for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


def required_variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+):\?", text)) | {one["environment"] for one in COMPOSE["secrets"].values()}


def test_it_follows_the_compose_schema() -> None:
    assert schema_errors(COMPOSE) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("condition: service_healthy", "condition: service_healty", "$.services.gateway.depends_on"),
        ("    healthcheck:", "    helthcheck:", "$.services.gateway"),
        ("volumes: [", "volumes: 7 #[", "$.services.rabbitmq.volumes"),
    ],
)
def test_the_schema_refuses_what_is_not_compose(old: str, new: str, where: str) -> None:
    assert where in schema_errors(load(TEXT.replace(old, new, 1)))


def test_the_gateway_waits_for_healthy_servers() -> None:
    assert set(SERVICES) == {"gateway", *SERVERS, *CLUSTER}
    assert needs("gateway") == SERVERS
    assert all(needs(name) == {*BROKERS, "amqp", "redis", "postgres"} for name in GATEWAYS)
    assert needs("amqp") == BROKERS
    assert needs("balancer") == GATEWAYS
    assert all(one == {"condition": "service_healthy"} for service in SERVICES.values() for one in _depends(service).values())


def _depends(service: dict[str, Any]) -> dict[str, Any]:
    return dict(service.get("depends_on", {}))


def needs(name: str) -> set[str]:
    return set(_depends(SERVICES[name]))


def test_without_a_profile_it_is_one_gateway_and_with_the_balancer_a_cluster() -> None:
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]} == CLUSTER
    assert not any(service.get("profiles") for name, service in SERVICES.items() if name not in CLUSTER)
    wanted, brought = {"balancer"}, set[str]()
    while wanted:
        brought |= wanted
        wanted = {need for name in wanted for need in needs(name)} - brought
    assert brought == {*CLUSTER, "redis", "postgres"}, "the single gateway and its broker stay away"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_watched_and_keeps_its_data(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"
    named = {volume.split(":")[0] for volume in service["volumes"]} & set(COMPOSE["volumes"])
    own = {"gateway-data" if name == "gateway-1" else f"{name}-data"}
    assert named == (set() if name in ("amqp", "balancer") else own | ({"blobs-data"} if name.startswith("gateway") else set()))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_is_open_to_other_machines(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert ports == (["127.0.0.1:${REGIA_PORT:-8080}:8080"] if name in ("gateway", "balancer") else [])


def test_no_password_stands_in_the_file_or_has_a_default() -> None:
    pairs = {(key, value) for service in SERVICES.values() for key, value in service.get("environment", {}).items()}
    assert {key for key, _ in pairs if re.search("COOKIE", key)} == set(), "in a file, which only its owner reads"
    environment = dict(sorted(pairs))
    secrets = {key: value for key, value in environment.items() if re.search("PASS|AUTH|TOKEN|SECRET", key)}
    urls = {key: value for key, value in environment.items() if key.endswith("__URL")}
    assert len(secrets) == 3
    assert len(urls) == 3
    for value in secrets.values():
        assert re.fullmatch(r"\$\{\w+_PASSWORD:\?[^}]+\}", value)
    for value in urls.values():
        assert re.match(r"\w+://(regia)?:\$\{\w+_PASSWORD:\?[^}]+\}@", value)
    assert "--requirepass" in SERVICES["redis"]["command"]


def test_the_secrets_script_sets_every_variable_that_is_required(tmp_path: Path) -> None:
    values = make_secrets(tmp_path)
    gateway = (ROOT / "deploy/regia.yaml").read_text("utf-8")
    named = set(re.findall(r"^[^#\n]*\$\{(\w+)\}", gateway, re.MULTILINE))
    assert set(values) == required_variables(TEXT) | named
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in values.values())
    assert len(set(values.values())) == len(values)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_the_secrets_script_keeps_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REDIS_PASSWORD=mine\nPOSTGRES_PASSWORD=\nWHATSAPP_APP_SECRET=theirs\n")
    first = make_secrets(tmp_path)
    assert first["REDIS_PASSWORD"] == "mine"
    assert first["WHATSAPP_APP_SECRET"] == "theirs"
    assert len(first["POSTGRES_PASSWORD"]) == 48
    assert make_secrets(tmp_path) == first


def test_the_configuration_that_is_mounted_is_valid(tmp_path: Path) -> None:
    values = make_secrets(tmp_path)
    variables = {**SERVICES["gateway"]["environment"], **values}
    environ = {key: re.sub(r"\$\{(\w+):\?[^}]+\}", lambda found: values[found[1]], text) for key, text in variables.items()}
    settings = open_settings(ROOT / "deploy/regia.yaml", environ).settings()
    assert settings.queues.url.get_secret_value() == f"amqp://regia:{values['RABBITMQ_PASSWORD']}@rabbitmq:5672/"
    assert (settings.server.host, settings.server.port, settings.data.path) == ("0.0.0.0", 8080, Path("/data"))  # noqa: S104 -- in the container
    assert set(settings.connectors) == {"site-form", "desk"}
    assert "./deploy:/etc/regia:ro" in SERVICES["gateway"]["volumes"]


@pytest.mark.parametrize("name", sorted(GATEWAYS))
def test_each_gateway_of_the_cluster_is_one_of_its_own(name: str, tmp_path: Path) -> None:
    values = make_secrets(tmp_path)
    variables = {**SERVICES[name]["environment"], **values}
    environ = {key: re.sub(r"\$\{(\w+):\?[^}]+\}", lambda found: values[found[1]], text) for key, text in variables.items()}
    settings = open_settings(ROOT / "deploy/regia.yaml", environ).settings()
    assert settings.node == name
    assert settings.queues.url.get_secret_value().endswith("@amqp:5672/")
    assert not settings.coordination.is_local
    assert any(ip_address("172.18.0.5") in network for network in settings.server.trusted_proxies)
    assert SERVICES[name]["volumes"][1:] == ["blobs-data:/data/blobs", "./deploy:/etc/regia:ro"]
    assert "/data /data/blobs" in (ROOT / "Dockerfile").read_text(), "else the volume would belong to root"


def test_the_brokers_find_each_other_and_share_a_cookie() -> None:
    conf = (ROOT / "deploy/rabbitmq-cluster.conf").read_text()
    assert set(re.findall(r"nodes\.\d = rabbit@([\w-]+)", conf)) == BROKERS
    assert "cluster_partition_handling = pause_minority" in conf
    for name in BROKERS:
        service = SERVICES[name]
        assert service["hostname"] == name
        assert service["secrets"] == ["erlang-cookie"]
        assert "./deploy/rabbitmq-cluster.conf:/etc/rabbitmq/conf.d/20-cluster.conf:ro" in service["volumes"]
        subprocess.run(["sh", "-n", "-c", service["entrypoint"][-1]], check=True)


def test_the_rules_that_are_mounted_pass_their_own_tests() -> None:
    results = run_tests(load_rules([("rules.yaml", (ROOT / "deploy/rules.yaml").read_text("utf-8"))]))
    assert len(results) == 2
    assert [result for result in results if not result.passed] == []


def make_secrets(folder: Path) -> dict[str, str]:
    (folder / "deploy").mkdir(exist_ok=True)
    script = shutil.copy(ROOT / "deploy/make-secrets.sh", folder / "deploy")
    done = subprocess.run([script], check=True, capture_output=True, text=True)
    values = dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines())
    assert not any(value in done.stdout + done.stderr for value in values.values())
    return values


@pytest.fixture(params=[200, 503])
def gateway(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A server whose /health/live answers with the parameter: (status, port)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield request.param, server.server_port
        server.shutdown()
        thread.join()


def test_the_health_checks_tell_a_living_gateway(gateway: tuple[int, int]) -> None:
    status, port = gateway
    in_compose = SERVICES["gateway"]["healthcheck"]["test"][-1].replace(":8080/", f":{port}/")
    in_image = json.loads(re.findall(r"CMD (\[\"\.venv/bin/python.*\])", (ROOT / "Dockerfile").read_text())[0])[-1]
    for code in (in_compose, in_image):
        env = {"REGIA__SERVER__PORT": str(port)}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
        assert (done.returncode == 0) == (status == 200)


def test_the_image_is_made_by_the_script_of_make_install() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert "RUN scripts/install.sh requirements.lock" in lines
    assert "scripts/install.sh requirements.lock" in (ROOT / "Makefile").read_text("utf-8")
    assert "USER regia" in lines[lines.index("COPY --from=build /app /app") :]


def test_every_package_and_nothing_else_gets_into_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    files = {"README.md", "LICENSE", "pyproject.toml", "requirements.lock", "scripts/install.sh", "scripts/apt-install.sh"}
    assert "*" in ignore
    assert let_in == packages | files
    compiled = re.findall(r"compileall -q (.*)", (ROOT / "Dockerfile").read_text("utf-8"))[0]
    assert set(compiled.split()) == packages
