"""The pages of the rules in English."""

from typing import Final

from web.console.texts.playground import PLAYGROUND
from web.console.texts.rules_texts import RulesTexts

RULES: Final = RulesTexts(
    title="Rules",
    trail="Trail",
    brand="Brand",
    all_brands="All others",
    period="Period",
    day_unit=("Today", "Last {number} days"),
    to_playground="Playground",
    broken={
        "files": "The rule files cannot be read",
        "shadow": "The shadow's files cannot be read",
        "version": "The chosen version cannot be used",
    },
    what_to_do={
        "files": (
            "The version before still decides: no message is lost. Repair the places below in the files: "
            "Regia reads them again by itself."
        ),
        "shadow": (
            "The live rules are not touched, but no shadow is asked. Repair the places below: Regia reads "
            "the files again by itself."
        ),
        "version": "The version before still decides. Choose another version below, or repair the files.",
    },
    configuration="configuration",
    not_stored="This version is not kept.",
    on_this_node="So it is on this node ({node}); every node reads files of its own.",
    live="Live",
    decides="decides",
    chosen_by="chosen by {who}",
    by_files="files of {node}",
    has="{rules} rules, {categories} categories, {tests} tests",
    files="Files",
    nodes="Nodes",
    node="Node",
    version="Version",
    since="Since",
    state="State",
    follows="follows",
    not_yet="not yet",
    files_differ=(
        "The files of a node say something else: they decide again as soon as somebody changes them. "
        "Bring back into the files what is to stay."
    ),
    shadow="Shadow",
    no_shadow="No shadow: with shadow: in the configuration other rules are asked beside these, and decide nothing.",
    shadow_waits="There is a shadow, but no message has come in yet.",
    beside="beside",
    would_change="{number} of {total} messages would go otherwise",
    what_changes="What changes",
    field="Field",
    live_short="Live",
    shadow_short="Shadow",
    messages="Messages",
    examples="Examples",
    example="Example",
    hits="How much the rules are used",
    look_for_dead="Look for dead rules",
    nothing_counted="Counting begins with the next message.",
    counted="Messages of the last {days} days (UTC): {total}; no rule chose the category of {by_default}. Counted since",
    rule="Rule",
    by_day="By day",
    last="Last time",
    never="never",
    dead="dead",
    unused="never matched",
    versions="Versions",
    kept="Kept",
    last_live="Chosen last",
    who="By whom",
    what_to="Actions",
    edit="Edit",
    compare="Compare",
    roll_back="Back to this…",
    download="Download",
    marked="Tests from marked messages",
    marked_says=(
        "Every message whose right category somebody marked becomes a test of the rules. Who wrote is left out; "
        "addresses, numbers and names in the text are replaced. Read the file through before you keep it."
    ),
    marked_file="Download the tests (YAML)",
    fields=PLAYGROUND["en"].fields,
)
