"""How often articles of a FAQ were read"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('faq_counts',
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('faq', sa.Text(), nullable=False),
    sa.Column('article', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'faq', 'article', 'language', 'kind', name=op.f('pk_faq_counts'))
    )
    op.create_index(op.f('ix_faq_counts_brand_day'), 'faq_counts', ['brand', 'day'], unique=False)


def downgrade() -> None:
    op.drop_table('faq_counts')
