"""Whether a ticket system said that the customer was answered, and whether a bridge saw a ticket wait for the customer"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('ticket_events', sa.Column('answered', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('bridge_tickets', sa.Column('paused', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    op.drop_column('bridge_tickets', 'paused')
    op.drop_column('ticket_events', 'answered')
