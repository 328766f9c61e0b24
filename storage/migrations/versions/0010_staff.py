"""Who may use the console, and what they did"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('staff',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('display', sa.Text(), nullable=False),
    sa.Column('password', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('theme', sa.Text(), nullable=False),
    sa.Column('disabled', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('must_change', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('changed_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff'))
    )
    op.create_index('ux_staff_name', 'staff', ['name'], unique=True)
    op.create_table('logins',
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.Text(), nullable=False),
    sa.Column('csrf', sa.Text(), nullable=False),
    sa.Column('family', sa.Text(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('seen_ms', sa.BigInteger(), nullable=False),
    sa.Column('expires_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('token', name=op.f('pk_logins'))
    )
    op.create_index(op.f('ix_logins_staff_id'), 'logins', ['staff_id'], unique=False)
    op.create_index(op.f('ix_logins_expires_ms'), 'logins', ['expires_ms'], unique=False)
    op.create_table('staff_audit',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.Text(), nullable=True),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_staff_audit')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_staff_audit_staff_id_position'), 'staff_audit', ['staff_id', 'position'], unique=False)
    op.create_index(op.f('ix_staff_audit_at_ms'), 'staff_audit', ['at_ms'], unique=False)


def downgrade() -> None:
    op.drop_table('staff_audit')
    op.drop_table('logins')
    op.drop_table('staff')
