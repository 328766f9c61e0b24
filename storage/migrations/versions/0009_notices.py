"""What is to be told to whom, and what was"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('notice_items',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('list', sa.Text(), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('promise', sa.Text(), nullable=True),
    sa.Column('due_ms', sa.BigInteger(), nullable=True),
    sa.Column('entered_ms', sa.BigInteger(), nullable=False),
    sa.Column('notice_id', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_notice_items')),
    sqlite_autoincrement=True
    )
    waiting = sa.text('notice_id IS NULL')
    op.create_index('ix_notice_items_waiting', 'notice_items', ['list', 'urgent', 'position'], unique=False,
                    sqlite_where=waiting, postgresql_where=waiting)
    op.create_index(op.f('ix_notice_items_message_id'), 'notice_items', ['message_id'], unique=False)
    told = sa.text('notice_id IS NOT NULL')
    op.create_index('ix_notice_items_told', 'notice_items', ['notice_id'], unique=False,
                    sqlite_where=told, postgresql_where=told)
    op.create_table('notices',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('list', sa.Text(), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('items', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('outgoing', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('due_ms', sa.BigInteger(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notices'))
    )
    op.create_index(op.f('ix_notices_list_created_ms'), 'notices', ['list', 'created_ms'], unique=False)
    op.create_index(op.f('ix_notices_created_ms'), 'notices', ['created_ms'], unique=False)
    is_open = sa.text("state = 'open'")
    op.create_index('ix_notices_open', 'notices', ['due_ms'], unique=False, sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_table('notices')
    op.drop_table('notice_items')
