"""What the form page shows, prepared from the settings for one language. The templates know only these types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.form_settings import FILES, WebFormSettings
from connectors.form_topics import fields_with, of_topics
from connectors.uploads import readable_size, readable_types
from normalizer.advice import Language
from normalizer.fields import FieldSpec, FieldType, label_of, localised
from web.pages.texts import TEXTS, PageTexts

# Numbers are a text field with a number keyboard: `type=number` refuses the Italian decimal comma in some browsers.
_INPUT: Final[Mapping[FieldType, tuple[str, str | None]]] = {
    "text": ("text", None),
    "number": ("text", "decimal"),
    "boolean": ("checkbox", None),
    "date": ("date", None),
    "email": ("email", "email"),
    "phone": ("tel", "tel"),
    "choice": ("select", None),
}


_SHORT: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field. `control` is an HTML input type, or `textarea`, or `select`."""

    name: str
    control: str
    label: str
    hint: str
    required: bool
    inputmode: str | None
    autocomplete: str
    maxlength: int | None
    choices: tuple[tuple[str, str], ...]
    short: bool
    """Whether the answer is short enough for a narrow input."""
    topics: tuple[str, ...]
    """The topics with which it is shown; none: with all."""
    asks: bool
    """Whether its words may ask the FAQ."""
    needed_with: tuple[str, ...]
    """The topics with which it must be filled."""
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsView:
    """What the form may be about; `chosen` is empty until somebody has chosen."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]
    chosen: str
    needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field, or with a `legend` a group of which one at least must be filled. Files are asked for after the message."""

    fields: tuple[FieldView, ...]
    legend: str | None
    files_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """Limits of the file input, in bytes for the script and as text for people."""

    name: str
    accept: str
    hint: str
    max_files: int
    max_bytes: int
    max_total: int
    too_many: str
    too_large: str
    too_large_together: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """One form in one language. `action` is the path it is posted to, `theme` the path of its colours' style sheet."""

    language: Language
    languages: tuple[tuple[Language, str], ...]
    texts: PageTexts
    title: str
    intro: str
    thanks: str
    action: str
    theme: str
    logo: str | None
    frame_origins: tuple[str, ...]
    rows: tuple[Row, ...]
    honeypot: str
    upload: UploadView | None
    topics: TopicsView | None
    faq: str | None


def form_view(
    settings: WebFormSettings,
    language: Language,
    *,
    action: str,
    theme: str,
    topic: str | None = None,
    faq: str | None = None,
) -> FormView:
    """The view of a form: `action` such as `/forms/site-form`, `theme` such as `/forms/site-form/theme.css`, `faq` the path of
    the FAQ whose articles are offered; `topic` is what was chosen."""
    chosen = topic if topic in settings.topics else None
    texts = TEXTS[language]
    return FormView(
        language=language,
        languages=tuple((code, TEXTS[code].own_name) for code in settings.languages),
        texts=texts,
        title=localised(settings.title, language),
        intro=localised(settings.intro or "", language),
        thanks=localised(settings.thanks or texts.thanks_text, language),
        action=action,
        theme=theme,
        logo=settings.logo,
        frame_origins=settings.origins,
        rows=tuple(_rows(settings, language, chosen)),
        honeypot=settings.honeypot,
        upload=_upload(settings, texts),
        topics=_topics(settings, language, chosen),
        faq=faq,
    )


def _topics(settings: WebFormSettings, language: Language, chosen: str | None) -> TopicsView | None:
    if not settings.topics:
        return None
    return TopicsView(
        name=settings.topic_field,
        label=localised(settings.topic_label, language),
        choices=tuple((name, localised(topic.label, language)) for name, topic in settings.topics.items()),
        chosen=chosen or "",
        needed=settings.topic_required,
    )


def _rows(settings: WebFormSettings, language: Language, chosen: str | None) -> Iterator[Row]:
    # A group is drawn as one where its fields follow each other, in whatever order it names them.
    names = list(settings.fields)
    groups = {frozenset(group) for group in settings.groups if len(group) > 1}
    while names:
        group = next((group for group in groups if frozenset(names[: len(group)]) == group), None)
        count = len(group) if group else 1
        fields = tuple(_field(settings, name, language, chosen) for name in names[:count])
        legend = None
        if group:
            legend = TEXTS[language].answer_at if group <= set(settings.address_fields) else TEXTS[language].any_of
        yield Row(fields=fields, legend=legend, files_after=settings.message_field in names[:count])
        del names[:count]


def _field(settings: WebFormSettings, name: str, language: Language, chosen: str | None) -> FieldView:
    shown = fields_with(settings.topics, settings.fields, chosen)
    spec = shown.get(name, settings.fields[name])
    control, inputmode = _INPUT[spec.type]
    needed = [topic for topic, one in settings.topics.items() if name in one.required]
    return FieldView(
        name=name,
        control="textarea" if spec.multiline else control,
        label=label_of(name, spec, language),
        hint=localised(spec.hint or "", language),
        required=spec.required or (name,) in settings.groups,
        inputmode=inputmode,
        autocomplete=_autocomplete(settings, name),
        maxlength=spec.longest if spec.type == "text" else None,
        choices=_choices(spec, language),
        short=spec.type in ("number", "date") or (spec.type == "text" and spec.longest <= _SHORT),
        topics=of_topics(settings.topics).get(name, ()),
        asks=name in (settings.message_field, settings.subject_field),
        needed_with=() if settings.fields[name].required else tuple(needed),
        shown=name in shown,
    )


def _autocomplete(settings: WebFormSettings, name: str) -> str:
    known = {settings.name_field: "name", settings.email_field: "email", settings.phone_field: "tel"}
    return known.get(name, "on" if settings.fields[name].type == "text" else "off")


def _choices(spec: FieldSpec, language: Language) -> tuple[tuple[str, str], ...]:
    if isinstance(spec.choices, dict):
        return tuple((value, localised(label, language)) for value, label in spec.choices.items())
    return tuple((value, value) for value in spec.choices)


def _upload(settings: WebFormSettings, texts: PageTexts) -> UploadView | None:
    rules = settings.upload
    if rules is None:
        return None
    words = {
        "count": str(rules.max_files),
        "each": readable_size(rules.max_bytes),
        "total": readable_size(settings.max_body),
        "types": ", ".join(texts.families.get(kind) or readable_types([kind]) for kind in rules.content_types),
    }
    return UploadView(
        name=FILES,
        accept=",".join(rules.content_types),
        hint=texts.files_hint.format(**words),
        max_files=rules.max_files,
        max_bytes=rules.max_bytes,
        max_total=settings.max_body,
        too_many=texts.too_many.format(**words),
        too_large=texts.too_large.format(**words),
        too_large_together=texts.too_large_together.format(**words),
    )
