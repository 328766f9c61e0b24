"""Ids of the parts of messages out"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outgoing_parts',
    sa.Column('connector', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('outgoing_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('connector', 'external_id', name=op.f('pk_outgoing_parts'))
    )
    with op.batch_alter_table('outgoing_parts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outgoing_parts_outgoing_id'), ['outgoing_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('outgoing_parts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outgoing_parts_outgoing_id'))

    op.drop_table('outgoing_parts')
