#!/bin/bash
# Writes requirements-dev.lock and requirements.lock from pyproject.toml: every version pinned, every file
# hashed, no index named, so that each reader's own mirror serves them. Versions already locked stay, unless
# UPGRADE=1. The smaller lock is constrained by the larger one: .venv never changes a version between them.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v uv >/dev/null || {
    echo "make lock needs uv (pip install uv). Only whoever changes dependencies needs it." >&2
    exit 1
}

# universal: one lock serves every Python and system the project allows, by markers.
compile=(uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --extra email --group build
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links)
[[ -n ${UPGRADE:-} ]] && compile+=(--upgrade)

"${compile[@]}" --group dev --output-file requirements-dev.lock
"${compile[@]}" --constraints requirements-dev.lock --output-file requirements.lock
grep -c == requirements.lock requirements-dev.lock
