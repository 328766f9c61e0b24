"""Files of replies, and approved templates.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outgoing_files',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('outgoing_id', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('filename', sa.Text(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing_files'))
    )
    op.create_index('ux_outgoing_files_outgoing_id_place', 'outgoing_files', ['outgoing_id', 'place'], unique=True)
    op.create_index(op.f('ix_outgoing_files_sha256'), 'outgoing_files', ['sha256'])
    op.add_column('outgoing', sa.Column('template', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('outgoing', 'template')
    op.drop_table('outgoing_files')
