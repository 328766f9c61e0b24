"""Settings: strict, and silent about secrets."""

from typing import Any, Final

from pydantic import ValidationError

from connectors.conformance.check import Check, require, secrets_of
from connectors.conformance.subject import Subject


def _refused(subject: Subject, what: str, **changed: Any) -> None:
    try:
        subject.connector(**changed)
    except ValidationError as error:
        told = str(error)
        require(not any(secret in told for secret in secrets_of(subject)), f"{what}: the error tells a secret")
        return
    require(held=False, text=f"{what}: accepted")


def an_unknown_setting_is_refused(subject: Subject) -> None:
    """A key nobody knows is a mistake of writing, not something to be passed over."""
    _refused(subject, "a setting nobody knows", regia_surprise=1)


def an_empty_secret_is_refused(subject: Subject) -> None:
    """With it anybody could write in the name of customers."""
    for empty in ("", "  ", [], [subject.secret, ""]):
        _refused(subject, f"{subject.secret_key}: {empty!r:.4}", **{subject.secret_key: empty})


def settings_show_no_secret(subject: Subject) -> None:
    """Not as text, not as JSON: settings end up in logs and error pages."""
    settings = subject.connector().settings
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {vars(settings)}"
    require(not any(secret in shown for secret in secrets_of(subject)), "settings show a secret")


CONFIGURING: Final[tuple[Check, ...]] = (
    Check(an_unknown_setting_is_refused),
    Check(an_empty_secret_is_refused),
    Check(settings_show_no_secret),
)
