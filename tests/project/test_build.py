"""The build scripts: each is run for real in a folder of its own, among stand-ins for Python, apt-get, id and sudo.

The stand-ins write what they are asked into a log, so no test installs anything or needs a network.
"""

import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVERS = [
    *("rabbitmq-server", "redis-server", "postgresql", "chromium", "strace", "curl", "dovecot-imapd", "exim4-daemon-light"),
    "haproxy",
]
PROGRAMS = [*("rabbitmq-server", "redis-server", "postgres", "chromium", "strace", "curl", "dovecot", "exim4"), "haproxy"]

PYTHON = """
log() {{ echo "python $*" >>{log}; }}
case "$*" in
    *"version_info < (3, 11)"*) exit {too_old} ;;
    --version) echo Python {version} ;;
    *"import venv, ensurepip"*) test -e {venv_module} ;;
    *"python%d.%d-venv"*) echo python3.12-venv ;;
    "-m venv --clear .venv")
        log "$@"
        rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
        echo "#!$PWD/.venv/bin/python" >.venv/bin/pip ;;
    "-m pip --version") ;;
    *--editable*) log "$@"; printf '#!/bin/sh\\n' >.venv/bin/regia; chmod +x .venv/bin/regia ;;
    *tests/proof*) log "$@"; exit ${{PROVED:-0}} ;;
    *) log "$@" ;;
esac
"""


@dataclass(frozen=True)
class Checkout:
    """A copy of the build files in `folder`, and `bin`, the folder of stand-ins that comes first on its PATH."""

    folder: Path
    bin: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def stand_in(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def python(self, *, too_old: bool = False, venv: bool = True) -> None:
        module = self.folder / "venv-module"
        if venv:
            module.touch()
        version = "3.9.2" if too_old else "3.12.1"
        script = PYTHON.format(log=self.log, too_old=int(too_old), version=version, venv_module=module)
        for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
            self.stand_in(name, script)

    def user(self, *, root: bool, apt: str = "") -> None:
        self.stand_in("id", f"echo {0 if root else 1000}")
        self.stand_in("sudo", "exit 1")
        self.stand_in("apt-get", f'echo "apt-get $*" >>{self.log}\n{apt}')

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        path = f"{self.bin}:/usr/bin:/bin"
        env = {"PATH": path, "TOOLS_PATH": str(self.bin), "POLICY_RC_D": str(self.folder / "policy"), **env}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (folder / name).write_text(f"demo==1 --hash=sha256:{'0' * 64}\n")
    made = Checkout(folder, tmp_path / "bin")
    made.bin.mkdir()
    made.python()
    made.user(root=False)
    return made


def test_make_alone_lists_every_word(checkout: Checkout) -> None:
    words = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    listed = checkout.run("make")
    assert listed.returncode == 0
    assert {line.split()[1] for line in listed.stdout.splitlines()} == words


def test_install_makes_the_environment_from_hashed_wheels_only(checkout: Checkout) -> None:
    done = checkout.run("make", "install")
    assert done.returncode == 0, done.stderr
    made, packages, project = checkout.asked()
    assert made == "python -m venv --clear .venv"
    assert packages.endswith("install --require-hashes --only-binary :all: -r requirements.lock")
    assert project.endswith("install --no-deps --no-build-isolation --no-index --editable .")


@pytest.mark.parametrize(
    ("change", "asked_again"),
    [
        ("nothing", []),
        ("requirements.lock", ["-r requirements.lock", "--editable ."]),
        ("pyproject.toml", ["-r requirements.lock", "--editable ."]),
        ("lost command", ["-r requirements.lock", "--editable ."]),
        ("moved", ["--clear .venv", "-r requirements.lock", "--editable ."]),
    ],
)
def test_install_does_again_only_what_changed(checkout: Checkout, change: str, asked_again: list[str]) -> None:
    assert checkout.run("make", "install").returncode == 0
    match change:
        case "moved":
            checkout = Checkout(checkout.folder.rename(checkout.folder.with_name("elsewhere")), checkout.bin)
            checkout.python()
        case "lost command":
            (checkout.folder / ".venv/bin/regia").unlink()
        case "requirements.lock" | "pyproject.toml":
            with (checkout.folder / change).open("a") as file:
                file.write("# another line\n")
    assert checkout.run("make", "install").returncode == 0
    ends = [" ".join(line.split()[-2:]) for line in checkout.asked()]
    assert ends == asked_again


def test_the_environment_for_tests_serves_the_gateway_too(checkout: Checkout) -> None:
    assert checkout.run("make", "install-dev").returncode == 0
    assert checkout.run("make", "install").returncode == 0
    assert checkout.asked() == []


def test_an_interrupted_installation_is_taken_up_again(checkout: Checkout) -> None:
    assert checkout.run("make", "install").returncode == 0
    with (checkout.folder / "requirements.lock").open("a") as file:
        file.write("# another line\n")
    python = checkout.folder / ".venv/bin/python"
    works = python.read_text()
    python.write_text(works.replace("*--editable*)", "*--require-hashes*) exit 1 ;;\n    *--editable*)"))
    assert checkout.run("make", "install").returncode != 0
    python.write_text(works)
    assert checkout.run("make", "install").returncode == 0
    assert len(checkout.asked()) == 2


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ([], "Python 3.11 or newer is needed, found: Python 3.9.2"),
        (["PYTHON=python3"], "PYTHON=python3 is not a Python 3.11 or newer"),
        (["PYTHON=/nowhere/python3"], "PYTHON=/nowhere/python3 is not a Python 3.11 or newer"),
    ],
)
def test_an_old_python_is_refused_by_name(checkout: Checkout, variables: list[str], says: str) -> None:
    checkout.python(too_old=True)
    refused = checkout.run("make", "install", *variables)
    assert refused.returncode != 0
    assert says in refused.stderr
    assert not (checkout.folder / ".venv").exists()


def test_a_missing_venv_module_is_named_where_it_cannot_be_installed(checkout: Checkout) -> None:
    (checkout.folder / "venv-module").unlink()
    refused = checkout.run("make", "install")
    assert refused.returncode != 0
    assert "sudo apt-get update && sudo apt-get install --no-install-recommends python3.12-venv" in refused.stderr
    assert checkout.asked() == []


def test_a_missing_venv_module_is_installed_by_root(checkout: Checkout) -> None:
    (checkout.folder / "venv-module").unlink()
    checkout.user(root=True, apt=f"touch {checkout.folder}/venv-module")
    done = checkout.run("make", "install")
    assert done.returncode == 0, done.stderr
    assert checkout.asked()[0].endswith("install --no-install-recommends python3.12-venv")


def test_missing_servers_are_named_with_the_one_command(checkout: Checkout) -> None:
    checkout.stand_in("strace", "")
    refused = checkout.run("scripts/test-deps.sh")
    assert refused.returncode == 1
    missing = " ".join(package for package in SERVERS if package != "strace")
    assert f"sudo apt-get install --no-install-recommends {missing}\n" in refused.stderr
    assert checkout.asked() == []


def test_missing_servers_are_installed_by_root_and_not_started(checkout: Checkout) -> None:
    # What Debian would ask before it starts a service is there during the installation, says no, and is gone after it.
    makes = f"cp {checkout.folder}/policy {checkout.folder}/seen; touch {{{','.join(PROGRAMS)}}}; chmod +x *"
    checkout.user(root=True, apt=f"cd {checkout.bin}; {makes}")
    done = checkout.run("scripts/test-deps.sh")
    assert done.returncode == 0, done.stderr
    assert [line.split("Dpkg::Use-Pty=0 ")[1] for line in checkout.asked()] == [
        f"install --no-install-recommends {' '.join(SERVERS)}"
    ]
    assert (checkout.folder / "seen").read_text() == "#!/bin/sh\nexit 101\n"
    assert not (checkout.folder / "policy").exists()
    assert checkout.run("scripts/test-deps.sh").returncode == 0
    assert checkout.asked() == []


def test_old_package_lists_are_renewed_once(checkout: Checkout) -> None:
    lists = f"{checkout.folder}/lists"
    checkout.user(root=True, apt=f'case "$*" in *update) touch {lists} ;; *) test -e {lists} || exit 100 ;; esac')
    assert checkout.run("scripts/apt-install.sh", "strace").returncode == 0
    assert [line.split()[4] for line in checkout.asked()] == ["install", "update", "install"]


def test_what_an_installation_did_not_bring_is_an_error(checkout: Checkout) -> None:
    checkout.user(root=True)
    refused = checkout.run("scripts/test-deps.sh")
    assert refused.returncode == 1
    assert refused.stderr.endswith(f"Still missing after the installation: {' '.join(SERVERS)}\n")


@pytest.fixture
def proving(checkout: Checkout) -> Checkout:
    """Everything that proofs need is there."""
    for name in PROGRAMS:
        checkout.stand_in(name, "")
    (checkout.folder / "scripts" / "consumer-deps.sh").write_text("#!/bin/bash\n")
    return checkout


def test_the_proof_says_its_seed_and_takes_another(proving: Checkout) -> None:
    said = proving.run("make", "proof", "SEED=7")
    assert "make proof SEED=7" in said.stdout
    seeded = "python -m pytest --hypothesis-seed=7 tests/proof -m proof and"
    assert proving.asked()[-2:] == [f"{seeded} not alone -n 2 --dist load --maxschedchunk 1", f"{seeded} alone"]


@pytest.mark.parametrize(("code", "runs"), [(0, 2), (1, 1), (5, 2)])  # 5: none of these were chosen
def test_a_proof_that_fails_ends_all(proving: Checkout, code: int, runs: int) -> None:
    done = proving.run("make", "proof", PROVED=str(code))
    assert (done.returncode == 0) == (runs == 2)
    assert len([line for line in proving.asked() if "tests/proof" in line]) == runs


@pytest.mark.parametrize(
    ("fails", "ran"), [("none", ["lint", "test", "proof"]), ("lint", ["lint"]), ("test", ["lint", "test"])]
)
def test_the_checks_of_a_change_stop_at_the_first_failure(checkout: Checkout, fails: str, ran: list[str]) -> None:
    shutil.copytree(ROOT / ".ci", checkout.folder / ".ci")
    checkout.stand_in("make", f'test -t 0 || read -r line; echo "$1 $CI" >>{checkout.log}; test "$1" != {fails}')
    done = checkout.run("bash", ".ci/run")
    assert (done.returncode == 0) == (fails == "none")
    assert checkout.asked() == [f"{word} true" for word in ran]


@pytest.mark.parametrize("script", [".ci/run", *(f"scripts/{path.name}" for path in sorted(ROOT.glob("scripts/*.sh")))])
def test_scripts_stop_at_the_first_error(script: str) -> None:
    path = ROOT / script
    assert "\nset -euo pipefail\n" in path.read_text()
    assert path.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
