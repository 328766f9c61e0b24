#!/bin/bash
# Installs the ticket system that the tests of bridges run: Roundup, pure Python and of one package, into .venv/roundup (15 MB, 10 s).
# It is there as a source archive only, so it has an environment of its own, built by that one's own setuptools. Nothing happens
# once it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.venv/roundup
lock=tests/servers/roundup.lock
cmp -s $lock $home/.installed && exit 0
.venv/bin/python -m venv --clear $home
# Newer Pythons bring no setuptools, and older ones one that makes no wheels by itself (before 70.1).
$home/bin/python -c 'import setuptools.command.bdist_wheel' 2>/dev/null ||
    $home/bin/python -m pip -q --disable-pip-version-check install 'setuptools>=70.1'
$home/bin/python -m pip -q --disable-pip-version-check install --no-deps --no-build-isolation --require-hashes -r $lock
cp $lock $home/.installed
