#!/bin/bash
# Installs the language server of VS Code's YAML extension for tests/editor, by npm, at the versions of its lock file (20 packages,
# 21 MB, 3 s; nothing once it is there). Node.js comes with the package playwright. Where npm is missing, or cannot reach its
# registry, this says so and those tests are left out: nobody needs npm to work on the gateway.
set -euo pipefail
cd "$(dirname "$0")/../tests/editor"

[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
left_out="the tests of tests/editor are left out"
if ! command -v npm >/dev/null; then
    echo "There is no npm: $left_out" >&2
elif ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
    echo "npm could not install the language server: $left_out" >&2
fi
