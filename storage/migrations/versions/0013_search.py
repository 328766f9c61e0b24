"""Customers are found by parts of their addresses and names"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    short = sa.text('length(name) <= 200')
    op.create_index('ix_customers_named', 'customers', ['name', 'root_id'], sqlite_where=short, postgresql_where=short)
    op.create_index(
        op.f('ix_handles_value_customer_id'),
        'handles',
        ['value', 'customer_id'],
        unique=False,
        postgresql_ops={'value': 'text_pattern_ops'},
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_handles_value_customer_id'), 'handles')
    op.drop_index('ix_customers_named', 'customers')
