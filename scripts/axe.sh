#!/bin/bash
# Installs axe-core by npm at the version of its lock file: it looks at pages for what keeps people out (1 package, 3 MB, 1 s; nothing
# once it is there). The tests of the web use it as tests/web/accessible.py shows.
# Where npm is missing, or cannot reach its registry, this says so and those looks are left out.
set -euo pipefail
cd "$(dirname "$0")/../tests/web/axe"

[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
left_out="the looks of axe-core at pages are left out"
if ! command -v npm >/dev/null; then
    echo "There is no npm: $left_out" >&2
elif ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
    echo "npm could not install axe-core: $left_out" >&2
fi
