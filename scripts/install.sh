#!/bin/bash
# install.sh LOCK: makes .venv hold exactly what LOCK pins, and the project itself, ready to run.
#
# pip and not uv: pip comes with Python, follows the user's pip.conf and mirrors, and is the same one tool in
# the image. A stamp in .venv remembers what was installed; when nothing changed, this costs a few milliseconds.
# The project is installed editable without build isolation: its build backend is pinned and hashed in the lock
# like everything else, and nothing is fetched outside of it.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=${1:?usage: install.sh requirements.lock or requirements-dev.lock}
venv=.venv

say() { echo "install: $*" >&2; }
fail() { say "$*"; exit 1; }

fingerprint() { { pwd; cat "$1" pyproject.toml scripts/install.sh; } | sha256sum; }

# The development lock holds everything of the runtime lock, so its stamp serves both.
is_current() {
    local name
    is_wanted_python || return 1
    for name in "$lock" requirements-dev.lock; do
        [[ -f $venv/.installed-$name && -f $name && -x $venv/bin/regia ]] || continue
        [[ $(<"$venv/.installed-$name") == "$(fingerprint "$name")" ]] && return 0
    done
    return 1
}

is_wanted_python() {
    [[ -z ${PYTHON:-} ]] && return 0
    local wanted
    wanted=$("$PYTHON" -c 'import sys; print(sys.executable)' 2>/dev/null) || return 1
    [[ -n $wanted && $(realpath -q $venv/bin/python) == $(realpath -q "$wanted") ]]
}

# The commands in .venv/bin name the folder by its full path: a moved checkout needs a new environment.
is_usable() {
    grep -qsF "$PWD/$venv/bin/" $venv/bin/pip && new_enough $venv/bin/python && is_wanted_python &&
        $venv/bin/python -m pip --version >/dev/null 2>&1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    if [[ -n ${PYTHON:-} ]]; then
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, found: $(python3 --version 2>&1 || echo none)." \
        "Install one, or name it: make install PYTHON=/path/to/python3.11"
}

# Debian and Ubuntu ship venv and pip's bootstrap in a package of their own.
ensure_venv_module() {
    local python=$1 package
    "$python" -c 'import venv, ensurepip' 2>/dev/null && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null || fail "$python has no venv module: install it, or name another Python with PYTHON=…"
    scripts/apt-install.sh "$package" || fail "without $package no environment can be made"
    "$python" -c 'import venv, ensurepip' || fail "$package is installed, but $python still has no venv module: name another Python with PYTHON=…"
}

make_venv() {
    local python
    is_usable && return # pip then changes only what differs
    python=$(find_python)
    ensure_venv_module "$python"
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear $venv
}

# Two makes at once would write one environment: the second waits here and then finds it done.
exec 9<.
flock 9

is_current && exit 0
[[ -f $lock ]] || fail "no $lock here"
make_venv
rm -f $venv/.installed-requirements*
say "installing $(grep -c == "$lock") pinned packages of $lock (a minute at most)"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet --quiet install)
# Wheels only: a source build needs a compiler, and runs foreign code with packages no lock names.
"${pip[@]}" --require-hashes --only-binary :all: -r "$lock"
"${pip[@]}" --no-deps --no-build-isolation --no-index --editable .
fingerprint "$lock" >"$venv/.installed-$lock"
say "$venv is ready"
