"""A decision that something else than a rule takes over: the message is discarded, under a name, and says why."""

from dataclasses import replace

import orjson

from router.model import Decision


def discarded(decision: Decision, by: str, reason: str) -> Decision:
    """The same message discarded by `by`, which no rule is. What the rules found stays in its explanation, which says by whom
    and why it was overruled."""
    by_whom = {**decision.decided_by, "discard": by}
    record = orjson.loads(decision.explanation) | {"decided_by": by_whom, "overruled": {"by": by, "reason": reason}}
    explanation = orjson.dumps(record)
    return replace(decision, targets=(), reply=None, notify=(), discard=reason, decided_by=by_whom, explanation=explanation)
