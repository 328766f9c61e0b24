#!/bin/bash
# Fetches the console's vendored files from npm, in the versions of web/console/static/vendor/manifest.json, and checks each
# against its SHA-256 there. With --write the manifest takes the hashes of what came: look at the difference before committing.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-.venv/bin/python}" scripts/vendor.py "$@"
