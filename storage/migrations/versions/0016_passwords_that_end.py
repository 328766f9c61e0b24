"""One-time passwords end"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_DAY = 24 * 3_600_000


def upgrade() -> None:
    op.add_column('staff', sa.Column('password_until_ms', sa.BigInteger(), nullable=True))
    # Those that were made before end too: a day after the last change of whoever has one.
    op.execute(f'UPDATE staff SET password_until_ms = changed_ms + {_DAY} WHERE must_change')


def downgrade() -> None:
    op.drop_column('staff', 'password_until_ms')
