"""What can never become of each rule of a ruleset, with the proof of `router.implication`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.candidates import Earlier
from router.implication import Logic
from router.model import Rule
from router.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Fate:
    """What is certain of one rule.

    `impossible`: no message meets its conditions. `stopped_by`: a final rule above that matches whenever it would.
    `lost`: for each single field of it that it can never win, a rule above that has set it by then.
    """

    rule: Rule
    impossible: bool = False
    stopped_by: Rule | None = None
    lost: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether the rule may match."""
        return not self.impossible and self.stopped_by is None

    @property
    def wins(self) -> tuple[str, ...]:
        """The single fields the rule may win."""
        return tuple(name for name in self.rule.then.sets if name not in self.lost) if self.live else ()

    @property
    def idle(self) -> bool:
        """Whether a match of the rule changes nothing."""
        then = self.rule.then
        return self.live and not (self.wins or then.adds or then.raises or then.final)


def fates(ruleset: Ruleset) -> list[Fate]:
    """The fate of each rule, in order."""
    logic, earlier = Logic(ruleset.vocabulary), Earlier(ruleset.vocabulary)
    found = []
    for rule in ruleset.rules:
        found.append(fate := _fate(rule, logic, earlier))
        if fate.live:
            earlier.add(rule)
    return found


def _fate(rule: Rule, logic: Logic, earlier: Earlier) -> Fate:
    if logic.exclude(rule.when):
        return Fate(rule, impossible=True)
    lost: dict[str, Rule] = {}
    for above in earlier.before(rule):
        open_fields = [name for name in rule.then.sets if name in above.then.sets and name not in lost]
        if (open_fields or above.then.final) and logic.imply(rule.when, above.when):
            if above.then.final:
                return Fate(rule, stopped_by=above)
            lost.update(dict.fromkeys(open_fields, above))
    return Fate(rule, lost=lost)
