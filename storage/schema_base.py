"""What all tables share: the names of their keys and indexes, and a column that numbers rows by itself."""

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData

metadata: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s"}
)

Serial: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only for a column of exactly type INTEGER."""
