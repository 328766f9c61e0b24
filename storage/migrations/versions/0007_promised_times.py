"""Promised times"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('running', 'paused')")
WAITING = sa.text("state = 'waiting'")
NEXT = sa.text('next_ms IS NOT NULL')


def upgrade() -> None:
    op.create_table('sla_timers',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('conversation_id', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('promise', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('started_ms', sa.BigInteger(), nullable=False),
    sa.Column('promised_ms', sa.BigInteger(), nullable=False),
    sa.Column('ahead_ms', sa.BigInteger(), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('taken_ms', sa.BigInteger(), nullable=False),
    sa.Column('warn_ms', sa.BigInteger(), nullable=False),
    sa.Column('due_ms', sa.BigInteger(), nullable=False),
    sa.Column('next_ms', sa.BigInteger(), nullable=True),
    sa.Column('warned', sa.Boolean(), nullable=False),
    sa.Column('breached', sa.Boolean(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('heard_ms', sa.BigInteger(), nullable=False),
    sa.Column('heard_ticket', sa.Text(), nullable=True),
    sa.Column('calendar', sa.Text(), nullable=True),
    sa.Column('ruleset', sa.Text(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('escalation', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sla_timers'))
    )
    op.create_index('ux_sla_timers_open', 'sla_timers', ['conversation_id', 'promise'], unique=True,
                    sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(op.f('ix_sla_timers_conversation_id'), 'sla_timers', ['conversation_id'])
    op.create_index(op.f('ix_sla_timers_message_id'), 'sla_timers', ['message_id'])
    op.create_index(op.f('ix_sla_timers_started_ms'), 'sla_timers', ['started_ms'])
    op.create_index('ix_sla_timers_waiting', 'sla_timers', ['conversation_id'], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index('ix_sla_timers_next', 'sla_timers', ['next_ms'], sqlite_where=NEXT, postgresql_where=NEXT)


def downgrade() -> None:
    op.drop_table('sla_timers')
