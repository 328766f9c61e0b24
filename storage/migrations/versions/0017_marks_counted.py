"""Which category was right is counted too: figures hear of marks"""

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

# (name, event, row): a message does not change its conversation when it is marked, and one that is gone is heard of anyway.
TRIGGERS = (('mark_new', 'INSERT', 'NEW'), ('mark_changed', 'UPDATE', 'NEW'), ('mark_gone', 'DELETE', 'OLD'))


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    for name, event, row in TRIGGERS:
        writes = f"""INSERT INTO kpi_changes (unit)
            SELECT 'c/' || conversation_id FROM messages WHERE id = {row}.message_id AND conversation_id IS NOT NULL;"""
        if on_sqlite:
            op.execute(f'CREATE TRIGGER kpi_{name} AFTER {event} ON marks BEGIN {writes} END')
            continue
        op.execute(f"""CREATE FUNCTION kpi_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN {writes} RETURN NULL; END $$""")
        op.execute(f'CREATE TRIGGER kpi_{name} AFTER {event} ON marks FOR EACH ROW EXECUTE FUNCTION kpi_{name}()')


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name != 'sqlite'
    for name, _, _ in TRIGGERS:
        op.execute(f'DROP TRIGGER kpi_{name}' + (' ON marks' if on_postgresql else ''))
        if on_postgresql:
            op.execute(f'DROP FUNCTION kpi_{name}()')
