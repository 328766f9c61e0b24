"""Rules that somebody is writing, and how often rules had a say"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rule_drafts',
    sa.Column('staff_id', sa.Text(), nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('base', sa.Text(), nullable=False),
    sa.Column('sources', sa.Text(), nullable=False),
    sa.Column('saved_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('staff_id', 'brand', name=op.f('pk_rule_drafts'))
    )
    op.create_table('rule_hits',
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('messages', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('brand', 'rule', 'day', name=op.f('pk_rule_hits'))
    )
    op.create_index(op.f('ix_rule_hits_day'), 'rule_hits', ['day'], unique=False)


def downgrade() -> None:
    op.drop_table('rule_hits')
    op.drop_table('rule_drafts')
