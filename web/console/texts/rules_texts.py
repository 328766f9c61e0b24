"""What the pages of the rules say, whatever the language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesTexts:
    """`broken`, `what_to_do`: by what cannot be read. `fields` are those of the playground."""

    title: str
    trail: str
    brand: str
    all_brands: str
    period: str
    day_unit: tuple[str, str]
    to_playground: str
    broken: Mapping[str, str]
    what_to_do: Mapping[str, str]
    configuration: str
    not_stored: str
    on_this_node: str
    live: str
    decides: str
    chosen_by: str
    by_files: str
    has: str
    files: str
    nodes: str
    node: str
    version: str
    since: str
    state: str
    follows: str
    not_yet: str
    files_differ: str
    shadow: str
    no_shadow: str
    shadow_waits: str
    beside: str
    would_change: str
    what_changes: str
    field: str
    live_short: str
    shadow_short: str
    messages: str
    examples: str
    example: str
    hits: str
    look_for_dead: str
    nothing_counted: str
    counted: str
    rule: str
    by_day: str
    last: str
    never: str
    dead: str
    unused: str
    versions: str
    kept: str
    last_live: str
    who: str
    what_to: str
    edit: str
    compare: str
    roll_back: str
    download: str
    marked: str
    marked_says: str
    marked_file: str
    fields: Mapping[str, str]

    def day_choices(self, days: Sequence[int]) -> list[tuple[int, str]]:
        """Periods to choose from."""
        return [(one, self.day_unit[0] if one == 1 else self.day_unit[1].format(number=one)) for one in days]
