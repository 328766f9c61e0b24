"""What people said of messages: which category was right, and where they sent one again"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('marks',
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_marks'))
    )
    op.create_index(op.f('ix_marks_at_ms'), 'marks', ['at_ms'], unique=False)
    op.create_table('reroutes',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('queue', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reroutes'))
    )
    op.create_index(op.f('ix_reroutes_message_id'), 'reroutes', ['message_id'], unique=False)


def downgrade() -> None:
    op.drop_table('reroutes')
    op.drop_table('marks')
