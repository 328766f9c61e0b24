"""`regia faq`: what a search finds in a FAQ, and which of its articles are read."""

import csv
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from config.problems import ConfigError
from desk.faq.reading import read_folder
from identity.views.paging import MOST
from normalizer.advice import LANGUAGES
from regia.cells import harmless
from regia.cli.by_hand import moment
from regia.cli.common import ConfigOption, config_errors, fail
from regia.cli.customer_common import JsonOption, LimitOption, look, say, say_json
from regia.cli.standing import standing
from regia.faqs import declared
from storage.faq_counts import Read, most_viewed

app = typer.Typer(no_args_is_help=True, help="Articles that customers read.")

_COLUMNS = ("faq", "brand", "article", "views", "helped", "not_helped")
FaqArgument = Annotated[str, typer.Argument(metavar="FAQ", help="Its name in the configuration.")]


@app.command()
def search(
    faq: FaqArgument,
    query: Annotated[str, typer.Argument(help="What a customer would write.")],
    *,
    language: Annotated[str | None, typer.Option(help="it or en; without it the first of the FAQ.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """What a search finds, the best first. It reads the folder as it is now, whatever a gateway shows."""
    found = standing(config)
    settings = found.settings.faq.get(faq)
    if settings is None:
        fail(f"there is no FAQ {faq!r}: {', '.join(found.settings.faq) or 'the configuration has none'}", status=2)
    wanted = next((one for one in LANGUAGES if one == (language or settings.languages[0])), None)
    if wanted not in settings.languages:
        fail(f"--language must be one of {', '.join(settings.languages)}", status=2)
    library, problems = read_folder(declared(faq, settings, found.faq_folders[faq], found.settings.server.base_path))
    with config_errors(told="in its folder"):
        if problems:
            raise ConfigError(problems)
    articles = library.search(query, wanted, MOST)
    if json:
        say_json({"articles": [{"id": one.id, "title": one.title, "language": one.language} for one in articles]})
        return
    for one in articles:
        say(f"{one.id:30} {one.title}")
    if not articles:
        typer.echo("regia: nothing is found", err=True)


@app.command()
def report(
    *,
    faq: Annotated[str | None, typer.Option(help="Of this FAQ.")] = None,
    brand: Annotated[str | None, typer.Option(help="Of this brand.")] = None,
    language: Annotated[str | None, typer.Option(help="As it was read in this language.")] = None,
    since: Annotated[str | None, typer.Option(help="Read since: 2026-11-21 (whole days, UTC), or 30d: 30 days ago.")] = None,
    until: Annotated[str | None, typer.Option(help="Read before this day.")] = None,
    limit: LimitOption = 20,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The articles that were read most, and whether they helped."""
    times = {"since_ms": moment("--since", since), "until_ms": moment("--until", until)}

    found = look(
        standing(config).settings,
        lambda connection: most_viewed(connection, **times, faq=faq, brand=brand, language=language, limit=limit),
    )
    if json:
        say_json({"articles": [asdict(one) for one in found]})
    elif as_csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(_COLUMNS)
        table.writerows([harmless(str(value)) for value in asdict(one).values()] for one in found)
    else:
        for one in found:
            say(_line(one))
        if not found:
            typer.echo("regia: nothing was read", err=True)


def _line(one: Read) -> str:
    return f"{one.faq:12} {one.article:30} read {one.views:7,}  helped {one.helped:6,}  did not {one.not_helped:6,}"
