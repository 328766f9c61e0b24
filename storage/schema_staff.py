"""The tables of who may use the console, and what they did. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, text

from storage.schema_base import Serial, metadata

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("display", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text),
    Column("theme", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    Column("password_until_ms", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("ux_staff_name", "name", unique=True),
)
"""A person who uses the console. `name` is what they log in with, casefolded; `display` what others read. `password` is its
argon2id hash. Without `language` the browser's is taken. `must_change`: the password was made by somebody else, and lets
nobody in any more from `password_until_ms` on."""

logins = Table(
    "logins",
    metadata,
    Column("token", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index(None, "staff_id"),
    Index(None, "expires_ms"),
)
"""A browser somebody is logged in with. `token` is the SHA-256 of the random token in its cookie; `csrf` is what its forms
carry. `family` says ipv4 or ipv6: no address is kept."""

staff_audit = Table(
    "staff_audit",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("staff_id", Text),
    Column("act", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("result", Text, nullable=False),
    Index(None, "staff_id", "position"),
    Index(None, "at_ms"),
    sqlite_autoincrement=True,
)
"""What was done and looked at in the console. Only ever appended. `what` holds ids, never values of a customer; `result` is
`done` or why not. Nobody's id: who tried to log in is not known."""
