"""The configuration as it stands: also where rule files are wrong, by what decides meanwhile.

A gateway goes on while somebody's edit of its rule files is wrong. What must not be worse off are its restart and the commands
with which it is looked after: they take the versions that were chosen last, from the database.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from config.problems import ConfigError
from regia.cli.common import config_errors, config_path
from regia.compose import Configured, configure
from regia.rules.files import named, read_rules
from regia.rules.live import Rules
from regia.settings import Settings, Source
from router.load import load
from storage import rulesets
from storage.database import Database, DatabaseUnavailable


def standing(given: Path | None) -> Configured:
    """The configuration, with the rules that its files say, or where these are wrong, those that decide. What else is wrong,
    or that nothing was ever chosen, ends the program."""
    path = config_path(given)
    with config_errors():
        try:
            return configure(path, os.environ)
        except ConfigError as error:
            if (found := _without_files(path)) is None:
                raise
            number = len(error.problems)
            told = f"{number} problem{'s' if number > 1 else ''} in the rule files (regia rules check)"
            print(f"regia: {told}: these are left out, and what decided before is used", file=sys.stderr)
            return found


def _without_files(path: Path) -> Configured | None:
    """Without a shadow that is wrong, or with the stored versions; None where something else is wrong too."""
    try:
        return configure(path, os.environ, rules=lambda source: read_rules(source, roles=("live",)))
    except ConfigError:
        pass
    try:
        return replace(configure(path, os.environ, rules=_chosen), from_files=False)
    except ConfigError:
        return None


def _chosen(source: Source) -> Rules:
    """The versions that were chosen last. Raises `ConfigError` where one is missing, or the database does not answer."""
    settings, brands = source.settings(), [brand for role, brand in named(source) if role == "live"]
    try:
        found = asyncio.run(_read(settings))
        return Rules(live={brand: load([(name, text) for name, text in json.loads(found[brand])]) for brand in brands})
    except (DatabaseUnavailable, DBAPIError, KeyError):
        raise ConfigError([]) from None


async def _read(settings: Settings) -> dict[str, str]:
    """The sources of the chosen version of each brand."""
    url = settings.database_url()
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return {}

    def work(connection: Connection) -> dict[str, str]:
        chosen = rulesets.active(connection)
        found = {brand: rulesets.sources_of(connection, one.hash) for brand, one in chosen.items()}
        return {brand: sources for brand, sources in found.items() if sources is not None}

    database = Database(url)
    try:
        return await database.read(work)
    finally:
        await database.close()
