"""The words that the page of figures needs, in whatever language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiTexts:
    """`figures` has title and meaning by the name of a figure (`desk.kpi.definitions`); `nothing` says what
    is missing where a figure has no groups. `groups` are what can be grouped by. `words`: small ones, outcomes."""

    title: str
    period: str
    periods: Mapping[str, str]
    from_: str
    until: str
    filters: str
    brand: str
    channel: str
    category: str
    tag: str
    field: str
    field_hint: str
    group_by: str
    and_by: str
    own_way: str
    no_more: str
    groups: Mapping[str, str]
    by_reason: tuple[str, str]
    loading: str
    failed: str
    again: str
    too_many: str
    zone: str
    before: str
    not_counted: str
    not_understood: str
    over_time: str
    as_table: str
    spreadsheet: str
    everything: str
    more: str
    span: str
    contacts_over_time: str
    sla_kept: str
    figures: Mapping[str, tuple[str, str]]
    nothing: Mapping[str, str]
    words: Mapping[str, str]
