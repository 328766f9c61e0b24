"""What figures are made of, and what has changed since they were counted"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

SENT = "{row}.state = 'sent' AND NOT {row}.automatic AND {row}.conversation_id IS NOT NULL"

# (name, event, table, condition, units): {row} stands for OLD or NEW.
TALK = "'c/' || {row}.conversation_id"
TICKET = "'t/' || {row}.space || '/' || {row}.ticket"
TRIGGERS = (
    ('message_gone', 'DELETE', 'messages', None, ('OLD',), (TALK,)),
    ('message_changed', 'UPDATE OF awaits_answer, category, discarded_by, repeat_of, conversation_id, envelope', 'messages',
     None, ('OLD', 'NEW'), (TALK,)),
    ('reply_new', 'INSERT', 'outgoing', SENT.format(row='NEW'), ('NEW',), (TALK,)),
    ('reply_changed', 'UPDATE OF state, ended_ms, conversation_id', 'outgoing',
     f"({SENT.format(row='NEW')}) OR ({SENT.format(row='OLD')})", ('OLD', 'NEW'), (TALK,)),
    ('reply_gone', 'DELETE', 'outgoing', SENT.format(row='OLD'), ('OLD',), (TALK,)),
    ('ticket_told', 'INSERT', 'ticket_events', None, ('NEW',), (TALK, TICKET)),
    ('ticket_changed', 'UPDATE', 'ticket_events', None, ('OLD', 'NEW'), (TALK, TICKET)),
    ('ticket_gone', 'DELETE', 'ticket_events', None, ('OLD',), (TALK, TICKET)),
    ('promise_changed', 'UPDATE OF state, taken_ms, breached, ended_by', 'sla_timers', None, ('NEW',), (TALK,)),
    ('promise_gone', 'DELETE', 'sla_timers', None, ('OLD',), (TALK,)),
    ('survey_new', 'INSERT', 'surveys', None, ('NEW',), (TALK,)),
    ('survey_changed', 'UPDATE', 'surveys', None, ('OLD', 'NEW'), (TALK,)),
    ('survey_gone', 'DELETE', 'surveys', None, ('OLD',), (TALK,)),
)


def upgrade() -> None:
    op.create_table('kpi_changes',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_kpi_changes')),
    sqlite_autoincrement=True
    )
    op.create_table('kpi_seen',
    sa.Column('journal', sa.Text(), nullable=False),
    sa.Column('upto', sa.BigInteger(), nullable=False),
    sa.Column('gaps', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('journal', name=op.f('pk_kpi_seen'))
    )
    op.create_table('kpi_fresh',
    sa.Column('id', SERIAL, autoincrement=True, nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kpi_fresh')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_kpi_fresh_unit'), 'kpi_fresh', ['unit'], unique=False)
    op.create_index(op.f('ix_kpi_fresh_kind'), 'kpi_fresh', ['kind'], unique=False)
    op.create_table('kpi_chunks',
    sa.Column('id', SERIAL, autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('first_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('live', sa.Integer(), nullable=False),
    sa.Column('swept', sa.Integer(), nullable=False),
    sa.Column('dead', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kpi_chunks')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_kpi_chunks_kind_first_ms'), 'kpi_chunks', ['kind', 'first_ms'], unique=False)
    op.create_table('kpi_columns',
    sa.Column('chunk', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('chunk', 'name', name=op.f('pk_kpi_columns'))
    )
    op.create_table('kpi_places',
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('chunk', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('places', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('unit', 'chunk', name=op.f('pk_kpi_places'))
    )
    op.create_index(op.f('ix_kpi_places_chunk'), 'kpi_places', ['chunk'], unique=False)
    make = _sqlite if op.get_bind().dialect.name == 'sqlite' else _postgresql
    for trigger in TRIGGERS:
        make(*trigger)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name != 'sqlite'
    for name, _, table, _, _, _ in TRIGGERS:
        op.execute(f'DROP TRIGGER kpi_{name}' + (f' ON {table}' if on_postgresql else ''))
        if on_postgresql:
            op.execute(f'DROP FUNCTION kpi_{name}()')
    for table in ('kpi_places', 'kpi_columns', 'kpi_chunks', 'kpi_fresh', 'kpi_seen', 'kpi_changes'):
        op.drop_table(table)


def _sqlite(name: str, event: str, table: str, condition: str | None, rows: tuple[str, ...], units: tuple[str, ...]) -> None:
    op.execute(f"""CREATE TRIGGER kpi_{name} AFTER {event} ON {table} {f'WHEN {condition}' if condition else ''}
        BEGIN {_writes(rows, units)} END""")


def _postgresql(name: str, event: str, table: str, condition: str | None, rows: tuple[str, ...], units: tuple[str, ...]) -> None:
    op.execute(f"""CREATE FUNCTION kpi_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN {_writes(rows, units)} RETURN NULL; END $$""")
    op.execute(f"""CREATE TRIGGER kpi_{name} AFTER {event} ON {table} FOR EACH ROW
        {f'WHEN ({condition})' if condition else ''} EXECUTE FUNCTION kpi_{name}()""")


def _writes(rows: tuple[str, ...], units: tuple[str, ...]) -> str:
    """One row a unit: that of before too, where a row may have moved."""
    texts = dict.fromkeys(unit.format(row=row) for row in rows for unit in units)
    values = ' UNION '.join(f'SELECT {one} AS unit' for one in texts)
    return f'INSERT INTO kpi_changes (unit) SELECT unit FROM ({values}) AS changed WHERE unit IS NOT NULL;'
