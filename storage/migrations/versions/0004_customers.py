"""Links, merges, mentions, audit, events, asked proofs and tickets of customers; messages out that answer nothing; bridges"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
KEPT = sa.text("reason <> 'same_words'")
MERGED = sa.text('merged_into IS NOT NULL')
ENDED = sa.text('ended_ms IS NOT NULL')
AWAITS = sa.text('awaits_answer')
IN_BLOB = sa.text('raw IS NULL')
NEW = sa.text('number IS NULL')
OPEN = sa.text('published_ms IS NULL')


def upgrade() -> None:
    _customers()
    _handles()
    _messages()
    _suggestions()
    op.add_column('conversations', sa.Column('split', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    _outgoing()
    _new_tables()
    _by_hand()
    _bridges()


def _customers() -> None:
    with op.batch_alter_table('customers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('root_id', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('merged_into', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('facts', sa.Text(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('own_facts', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('sequence', sa.Integer(), server_default='0', nullable=False))
    op.execute("UPDATE customers SET root_id = id, sequence = messages")
    with op.batch_alter_table('customers', schema=None) as batch_op:
        for name, kind in (('root_id', sa.Text()), ('facts', sa.Text()), ('sequence', sa.Integer())):
            batch_op.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
        batch_op.create_index('ix_customers_merged', ['root_id'], sqlite_where=MERGED, postgresql_where=MERGED)


def _handles() -> None:
    """A link gets an id of its own, and the key is only that of the current one."""
    with op.batch_alter_table('handles', schema=None) as batch_op:
        batch_op.drop_index('ix_handles_customer_id')
    op.rename_table('handles', 'handles_before')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER INDEX pk_handles RENAME TO pk_handles_before')
    op.create_table('handles',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('space', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('standing', sa.Text(), nullable=False),
    sa.Column('proof', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('home_id', sa.Text(), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('seen_ms', sa.BigInteger(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handles'))
    )
    # Ids by place among all: they need to be unique, and this is the same on both databases.
    op.execute("""
        INSERT INTO handles (id, key, space, kind, value, standing, proof, customer_id, home_id, since_ms, seen_ms, evidence)
        SELECT 'hdl_' || substr('00000000000000000000000000' || row_number() OVER (ORDER BY h.key),
                 length('00000000000000000000000000' || row_number() OVER (ORDER BY h.key)) - 25),
            h.key, h.space, h.kind, h.value, h.standing, h.proof, h.customer_id, h.customer_id, h.since_ms,
            coalesce((SELECT c.last_seen_ms FROM customers c WHERE c.id = h.customer_id), h.since_ms), h.evidence
        FROM handles_before h
    """)
    op.drop_table('handles_before')
    with op.batch_alter_table('handles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_handles_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ux_handles_key', ['key'], unique=True)
        batch_op.create_index('ix_handles_ended', ['value'], sqlite_where=ENDED, postgresql_where=ENDED)


def _messages() -> None:
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('handle_id', sa.Text(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column('at_ms', sa.BigInteger(), server_default=sa.text('0'), nullable=False))
        batch_op.add_column(sa.Column('awaits_answer', sa.Boolean(), server_default=sa.text('false'), nullable=False))
        batch_op.add_column(sa.Column('repeat_of', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('reply_refused', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('cut', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    # One address may be stored in another spelling than the message's: then the customer's only link of that kind.
    op.execute("""
        UPDATE messages SET at_ms = received_ms, awaits_answer = (kind NOT IN ('edit', 'delete', 'reaction')),
            handle_id = coalesce(
                (SELECT min(h.id) FROM handles h WHERE h.customer_id = messages.customer_id
                    AND h.kind = messages.handle_kind AND h.value = messages.handle_value),
                (SELECT min(h.id) FROM handles h WHERE h.customer_id = messages.customer_id
                    AND h.kind = messages.handle_kind),
                (SELECT min(h.id) FROM handles h WHERE h.customer_id = messages.customer_id), '')
    """)
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_index('ix_messages_customer_id_received_ms')
        batch_op.create_index(batch_op.f('ix_messages_handle_id_at_ms'), ['handle_id', 'at_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index('ix_messages_awaiting', ['handle_id'], sqlite_where=sa.text('awaits_answer = 1'), postgresql_where=AWAITS)
        batch_op.create_index('ix_messages_raw_blob', ['raw_sha256'], sqlite_where=IN_BLOB, postgresql_where=IN_BLOB)
    op.create_index(op.f('ix_attachments_sha256'), 'attachments', ['sha256'])
    op.create_index(op.f('ix_signals_received_ms'), 'signals', ['received_ms'])


def _suggestions() -> None:
    with op.batch_alter_table('suggestions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('score', sa.Integer(), server_default='60', nullable=False))
        batch_op.add_column(sa.Column('evidence', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('decided_ms', sa.BigInteger(), nullable=True))
    op.execute("UPDATE suggestions SET reason = 'same_claim', state = CASE state WHEN 'open' THEN state ELSE 'rejected' END"
               " WHERE NOT EXISTS (SELECT 1 FROM suggestions s WHERE s.customer_id = suggestions.customer_id"
               " AND s.owner_id = suggestions.owner_id AND s.reason < suggestions.reason)")
    op.execute("DELETE FROM suggestions WHERE reason <> 'same_claim'")
    with op.batch_alter_table('suggestions', schema=None) as batch_op:
        for name, kind in (('score', sa.Integer()), ('evidence', sa.Text())):
            batch_op.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
        batch_op.create_index(batch_op.f('ix_suggestions_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_suggestions_state_score'), ['state', 'score'], unique=False)


def _outgoing() -> None:
    # Without the keyword the table that SQLite is given instead would use numbers of deleted rows again.
    with op.batch_alter_table('outgoing', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        for name in ('message_id', 'conversation_id'):
            batch_op.alter_column(name, existing_type=sa.Text(), nullable=True)
        batch_op.add_column(sa.Column('brand', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('account', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('until_ms', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('secret', sa.Boolean(), server_default=sa.text('false'), nullable=False))
        for name, kind in (('buttons', sa.Text()), ('reply_key', sa.Text()), ('reply_digest', sa.LargeBinary())):
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.create_index('ux_outgoing_reply_key', ['reply_key'], unique=True)


def _new_tables() -> None:
    op.create_table('mentions',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('handle_id', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'handle_id', name=op.f('pk_mentions'))
    )
    op.create_index('ix_mentions_kept', 'mentions', ['handle_id'], sqlite_where=KEPT, postgresql_where=KEPT)
    op.create_index(op.f('ix_mentions_reason_at_ms'), 'mentions', ['reason', 'at_ms'])
    op.create_table('audit',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('other_id', sa.Text(), nullable=True),
    sa.Column('handle_id', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_audit')),
    sqlite_autoincrement=True
    )
    op.create_index('ux_audit_id', 'audit', ['id'], unique=True)
    op.create_index(op.f('ix_audit_customer_id'), 'audit', ['customer_id'])
    op.create_index(op.f('ix_audit_other_id'), 'audit', ['other_id'])
    op.create_table('events',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=True),
    sa.Column('published_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_events')),
    sqlite_autoincrement=True
    )
    op.create_index('ux_events_id', 'events', ['id'], unique=True)
    op.create_index('ux_events_number', 'events', ['number'], unique=True)
    op.create_index('ix_events_new', 'events', ['position'], sqlite_where=NEW, postgresql_where=NEW)
    op.create_index('ix_events_open', 'events', ['number'], sqlite_where=OPEN, postgresql_where=OPEN)
    _proofs_and_erased()
    _tickets()
    _rules()


def _proofs_and_erased() -> None:
    op.create_table('challenges',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('home_id', sa.Text(), nullable=False),
    sa.Column('space', sa.Text(), nullable=False),
    sa.Column('handle_kind', sa.Text(), nullable=False),
    sa.Column('handle_value', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('expires_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenges'))
    )
    op.create_index(op.f('ix_challenges_customer_id'), 'challenges', ['customer_id'])
    op.create_index(op.f('ix_challenges_address_created_ms'), 'challenges', ['address', 'created_ms'])
    op.create_index(op.f('ix_challenges_space_created_ms'), 'challenges', ['space', 'created_ms'])
    op.create_table('erased',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erased'))
    )
    op.create_index(op.f('ix_erased_kind_at_ms'), 'erased', ['kind', 'at_ms'])
    op.create_table('forgotten',
    sa.Column('journal', sa.Text(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('journal', name=op.f('pk_forgotten'))
    )


def _tickets() -> None:
    op.create_table('ticket_events',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('space', sa.Text(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=False),
    sa.Column('conversation_id', sa.Text(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('agent', sa.Text(), nullable=True),
    sa.Column('product', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('received_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_ticket_events')),
    sqlite_autoincrement=True
    )
    op.create_index('ux_ticket_events_id', 'ticket_events', ['id'], unique=True)
    op.create_index(op.f('ix_ticket_events_ticket_at_ms'), 'ticket_events', ['ticket', 'at_ms'])
    op.create_index(op.f('ix_ticket_events_conversation_id'), 'ticket_events', ['conversation_id'])
    op.create_index(op.f('ix_ticket_events_received_ms'), 'ticket_events', ['received_ms'])


def _rules() -> None:
    op.create_table('activations',
    sa.Column('position', SERIAL, autoincrement=True, nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_activations')),
    sqlite_autoincrement=True
    )
    op.create_table('rule_nodes',
    sa.Column('node', sa.Text(), nullable=False),
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('files', sa.Text(), nullable=False),
    sa.Column('live', sa.Text(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('seen_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('node', 'brand', name=op.f('pk_rule_nodes'))
    )
    op.create_table('shadow_runs',
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('live', sa.Text(), nullable=False),
    sa.Column('shadow', sa.Text(), nullable=False),
    sa.Column('messages', sa.BigInteger(), nullable=False),
    sa.Column('different', sa.BigInteger(), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('brand', 'live', 'shadow', name=op.f('pk_shadow_runs'))
    )
    op.create_table('shadow_changes',
    sa.Column('brand', sa.Text(), nullable=False),
    sa.Column('live', sa.Text(), nullable=False),
    sa.Column('shadow', sa.Text(), nullable=False),
    sa.Column('change', sa.Text(), nullable=False),
    sa.Column('messages', sa.BigInteger(), nullable=False),
    sa.Column('examples', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('brand', 'live', 'shadow', 'change', name=op.f('pk_shadow_changes'))
    )


def _by_hand() -> None:
    """What people do to messages that were accepted."""
    op.create_table('operations',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('selection', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('done', sa.BigInteger(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('begun_ms', sa.BigInteger(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operations'))
    )
    op.create_index(op.f('ix_operations_begun_ms'), 'operations', ['begun_ms'])
    op.add_column('local_messages', sa.Column('reason', sa.Text(), nullable=True))
    op.add_column('local_messages', sa.Column('dead_ms', sa.BigInteger(), nullable=True))
    op.add_column('local_messages', sa.Column('redriven', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('quarantine', sa.Column('edited', sa.LargeBinary(), nullable=True))
    op.add_column('quarantine', sa.Column('edited_sha256', sa.Text(), nullable=True))


def _bridges() -> None:
    op.create_table('bridge_posts',
    sa.Column('bridge', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=True),
    sa.Column('begun_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('bridge', 'message_id', name=op.f('pk_bridge_posts'))
    )
    op.create_index(op.f('ix_bridge_posts_message_id'), 'bridge_posts', ['message_id'])
    op.create_index(op.f('ix_bridge_posts_bridge_ticket'), 'bridge_posts', ['bridge', 'ticket'])
    op.create_table('bridge_tickets',
    sa.Column('bridge', sa.Text(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=False),
    sa.Column('conversation_id', sa.Text(), nullable=False),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.Column('agent', sa.Text(), nullable=True),
    sa.Column('opened_ms', sa.BigInteger(), nullable=False),
    sa.Column('told_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('bridge', 'ticket', name=op.f('pk_bridge_tickets'))
    )
    op.create_index(op.f('ix_bridge_tickets_conversation_id'), 'bridge_tickets', ['conversation_id'])
    op.create_table('bridge_answers',
    sa.Column('bridge', sa.Text(), nullable=False),
    sa.Column('outgoing_id', sa.Text(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('bridge', 'outgoing_id', name=op.f('pk_bridge_answers'))
    )


def downgrade() -> None:
    raise NotImplementedError('merged customers cannot be told apart by the version before: restore a backup')
