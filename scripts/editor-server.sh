#!/bin/bash
# Installs what tests/editor need by npm, at the versions of its lock file: the language server of VS Code's YAML extension, and the
# JSON Schema of AsyncAPI documents (22 packages, 29 MB, 9 s; nothing once they are there). Node.js comes with the package playwright.
# Where npm is missing, or cannot reach its registry, this says so and those tests are left out: nobody needs npm to work on
# the gateway.
set -euo pipefail
cd "$(dirname "$0")/../tests/editor"

[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
left_out="the tests of tests/editor are left out"
if ! command -v npm >/dev/null; then
    echo "There is no npm: $left_out" >&2
elif ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
    echo "npm could not install what they need: $left_out" >&2
fi
