#!/bin/bash
# Installs Debian's Request Tracker 5 with SQLite (a minute, 200 MB), against which the tests of its bridge run. It is not part of
# `make test`, which leaves these tests out, and says so, where it is missing. Nothing of it is started.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -x /usr/share/request-tracker5/libexec/rt-server ]] && exit 0
scripts/apt-install.sh request-tracker5 rt5-db-sqlite rt5-standalone
