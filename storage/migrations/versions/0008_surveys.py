"""Surveys"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('surveys',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('ticket_event', sa.Text(), nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=False),
    sa.Column('agent', sa.Text(), nullable=True),
    sa.Column('category', sa.Text(), nullable=True),
    sa.Column('product', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('conversation_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('skipped', sa.Text(), nullable=True),
    sa.Column('due_ms', sa.BigInteger(), nullable=False),
    sa.Column('received_ms', sa.BigInteger(), nullable=False),
    sa.Column('handle_id', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=True),
    sa.Column('connector', sa.Text(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('form', sa.Text(), nullable=True),
    sa.Column('asked', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('asked_ms', sa.BigInteger(), nullable=True),
    sa.Column('question_ms', sa.BigInteger(), nullable=True),
    sa.Column('closed_ms', sa.BigInteger(), nullable=True),
    sa.Column('answers', sa.Text(), server_default=sa.text("'{}'"), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_surveys'))
    )
    with op.batch_alter_table('surveys', schema=None) as batch_op:
        batch_op.create_index('ux_surveys_ticket_event', ['ticket_event'], unique=True)
        batch_op.create_index(batch_op.f('ix_surveys_state_due_ms'), ['state', 'due_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_surveys_handle_id'), ['handle_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_surveys_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_surveys_received_ms'), ['received_ms'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('surveys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_surveys_received_ms'))
        batch_op.drop_index(batch_op.f('ix_surveys_conversation_id'))
        batch_op.drop_index(batch_op.f('ix_surveys_handle_id'))
        batch_op.drop_index(batch_op.f('ix_surveys_state_due_ms'))
        batch_op.drop_index('ux_surveys_ticket_event')

    op.drop_table('surveys')
