"""The words that the page of a message needs, in whatever language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTexts:
    """`facts` are the lines of the tables, `states` those of targets, answers and what is stuck, `fields` what rules decide,
    `by_itself` what decides where no rule does."""

    title: str
    customer_page: str
    text: str
    no_text: str
    full_text: str
    files: str
    download: str
    not_there: str
    masked_file: str
    fields: str
    original: str
    remote: Mapping[str, str]
    mail_frame: str
    shown_part: str
    raw: str
    raw_gone: str
    about: str
    facts: Mapping[str, str]
    words: Mapping[str, str]
    routing: str
    category: str
    owners: str
    playbook: str
    priority: str
    tags: str
    targets: str
    no_targets: str
    attempts: str
    states: Mapping[str, str]
    promises: Mapping[str, str]
    breached: str
    due: str
    why: str
    why_gone: str
    why_lead: str
    decided: Mapping[str, str]
    outcomes: Mapping[str, str]
    won: str
    won_nothing: str
    was: str
    was_text: str
    was_missing: str
    overruled: str
    ruleset: str
    by_itself: Mapping[str, str]
    answers: str
    no_answers: str
    automatic: str
    later: str
    mark: str
    mark_lead: str
    mark_is: str
    mark_none: str
    mark_save: str
    reroute: str
    reroute_lead: str
    reroute_queue: str
    reroute_note: str
    reroute_hint: str
    reroute_send: str
    reroute_done: str
    stuck: str
    drive: str
    look_for_letters: str
    no_letters: str
    held_reason: str
    held_detail: str
    held_type: str
    held_attempts: str
    held_title: str
    held_lead: str
    waiting_title: str
    waiting: str
    repeat_of: str
    refusals: Mapping[str, str]
