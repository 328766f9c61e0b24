"""A JSON body in its documented form, with everything that is wrong with it said at once and by its dotted name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from connectors.api_body import MessageBody
from connectors.api_fields import UNKNOWN, VISIT, typed_fields
from connectors.api_settings import ApiSettings
from connectors.errors import Rejected

_SHOWN: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_ADVICE: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": UNKNOWN,
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "timezone_aware": "must have its offset from UTC, such as 2026-11-21T18:02:11Z",
    "string_pattern_mismatch": "does not have the expected form: see the API description",
}


def read_body(settings: ApiSettings, body: bytes) -> MessageBody:
    """The body in its documented form. Raises `Rejected`: `malformed`, `invalid_fields`.

    Nesting, lone surrogates and endless numbers are refused by the JSON reader itself; NaN and Infinity by the model.
    """
    try:
        return MessageBody.model_validate_json(body)
    except ValidationError as error:
        problems = problems_of(error)
    raise refusal({**_settings_problems(settings, body), **problems})


def problems_of(error: ValidationError) -> dict[str, str]:
    """What is wrong with the values of a JSON body, by their dotted names. Raises `Rejected("malformed")` where it is none."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    if errors[0]["type"] in ("json_invalid", "model_type") and not errors[0]["loc"]:
        raise Rejected("malformed", "the body must be one JSON object in UTF-8") from None
    return _advice(errors)


def refusal(problems: Mapping[str, str]) -> Rejected:
    """The rejection that names every value to correct."""
    return Rejected("invalid_fields", f"correct {len(problems)} value(s): see fields", fields=problems)


def misnamed(settings: ApiSettings, brand: object, channel: object) -> dict[str, str]:
    """What is wrong with the brand and the channel that a body names."""
    named = (("brand", brand, (settings.brand, *settings.brands)), ("channel", channel, settings.channels))
    return {
        name: f"must be one of: {', '.join(allowed)}"
        for name, given, allowed in named
        if given is not None and given not in allowed
    }


def _settings_problems(settings: ApiSettings, body: bytes) -> dict[str, str]:
    # The form is wrong, but what depends on the settings can be looked at all the same: one round of corrections, not two.
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    fields, visit = document.get("fields", {}), document.get("visit")
    elsewhere = VISIT.keys() & visit.keys() if isinstance(visit, dict) else ()
    problems = typed_fields(settings, fields, elsewhere)[1] if isinstance(fields, dict) else {}
    problems = {_dotted(name.split(".", 1)): advice for name, advice in problems.items()}
    return {**misnamed(settings, document.get("brand"), document.get("channel")), **problems}


def _advice(errors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    advice: dict[str, str] = {}
    for error in errors:
        if error["loc"][:1] == ("fields",) and len(error["loc"]) > 1:
            # One error for each type the value might have had: said once.
            advice[_dotted(error["loc"][:2])] = "must be text, a number, true, false or null"
        else:
            advice[_dotted(error["loc"])] = _ADVICE.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return advice


def _dotted(loc: Iterable[str | int]) -> str:
    """`sender.handle.value`. A name the caller made up is shown only where it looks like one."""
    return ".".join(part if _SHOWN.fullmatch(part) else "?" for part in map(str, loc)) or "body"
