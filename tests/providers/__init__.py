"""Strict fake providers on the loopback: oracles for what the gateway sends, and signers of what it is sent.

Typed with `mypy tests/providers --strict --explicit-package-bases`: the tests are a namespace package, and without the
flag mypy sees each module here under two names.
"""
