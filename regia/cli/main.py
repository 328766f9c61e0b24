"""The command line: one line a command."""

import os

import typer

from regia.cli import (
    backup,
    books,
    bridge,
    connector,
    customer,
    dead,
    demo,
    faq,
    import_customers,
    import_imap,
    imports,
    notices,
    operations,
    parse,
    quarantine,
    queue,
    replay,
    reply,
    report,
    rules,
    run,
    schema,
    sla,
    survey,
    ticket,
    topology,
    unheard,
    user,
    webhook,
)
from regia.watch import logs

app = typer.Typer(
    name="regia",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def private(context: typer.Context) -> None:
    """The gateway that turns every contact into one envelope, one customer, one routed queue."""
    os.umask(0o077)  # whatever we write may hold what customers wrote
    if context.invoked_subcommand != "run":
        context.call_on_close(logs.quiet())


app.command()(run.run)
app.command()(run.check)
app.command()(books.books)
app.command()(demo.demo)
app.command()(parse.parse)
app.command()(schema.schema)
app.command()(reply.reply)
app.command()(replay.replay)
app.command()(operations.operations)
app.command()(ticket.ticket)
app.command()(unheard.unheard)
app.command()(sla.sla)
app.command()(backup.restore)
app.add_typer(backup.app, name="backup")
app.add_typer(bridge.app, name="bridge")
app.add_typer(connector.app, name="connector")
app.add_typer(customer.app, name="customer")
app.add_typer(dead.app, name="dead")
app.add_typer(faq.app, name="faq")
app.add_typer(notices.app, name="notices")
app.add_typer(queue.app, name="queue")
app.add_typer(reply.app, name="outgoing")
app.add_typer(report.app, name="report")
app.add_typer(rules.app, name="rules")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(survey.app, name="survey")
app.add_typer(topology.app, name="topology")
app.add_typer(user.app, name="user")
app.add_typer(webhook.app, name="webhook")
imports.app.command()(import_imap.imap)
imports.app.command()(import_customers.customers)
app.add_typer(imports.app, name="import")
