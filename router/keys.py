"""The keys of rules files, with what each means: the readers know no others, and the JSON Schema shows these words.

The words are Markdown. What a rule can ask has its words in `router.vocabulary`.
"""

from collections.abc import Mapping
from typing import Final

FILE: Final[Mapping[str, str]] = {
    "fields": "The fields of forms and of the API that rules may ask about as `fields.NAME`, each with its type.",
    "calendars": "Opening hours. Each adds the facts `hours.NAME`, `date.NAME`, `weekday.NAME` and `holiday.NAME`.",
    "categories": "What contacts are about. Every category has a queue of its own. Settings of a category hold where"
    " no rule set the field.",
    "queues": "Further queues, beside those of the categories.",
    "default": "The category of messages that no rule decides. One file says it for all.",
    "rules": "Rules are tried from top to bottom; the first rule that sets a field wins that field, lists accumulate,"
    ' `priority: "+n"` is added after the winner, `final: true` stops.',
    "tests": "Messages with the decision they must get. `regia rules test` runs them.",
    "lists": "Words and other texts under a name. `$NAME` stands for all of them.",
    "patterns": "Regular expressions (RE2 syntax) under a name. `$NAME` stands for one under `matches` and `extract`.",
    "conditions": "Conditions under a name, written like `when`. `use: NAME` puts them where they are needed.",
    "templates": "Answers under a name, each in one or more languages. `reply: NAME` sends one.",
    "extract": "Takes values out of texts, before the first rule: the name of a field, and the pattern that finds its value.",
}

RULE: Final[Mapping[str, str]] = {
    "name": "Free text without a comma, up to 80 characters, used once. Explanations show it.",
    "when": "The conditions, all of which must hold. A rule without `when` always matches.",
    "then": "What the rule does.",
}

ACTIONS: Final[Mapping[str, str]] = {
    "category": "What the contact is about: one of the declared categories. The first rule that sets it wins.",
    "queue": "Sends the message to this queue or category *instead of* the queue of its category."
    " The first rule that sets it wins.",
    "copy_to": "Sends a copy to these queues or categories as well. Those of all rules are added.",
    "priority": "How urgent it is, from `0` to `9`, which is the most urgent; the first rule that sets it wins."
    ' `"+1"` to `"+9"`, in quotes, raises it; the raises of all rules are added, to 9 at most.',
    "tags": "Labels for the people and programs that follow. Those of all rules are added.",
    "owners": "Who is responsible: addresses. Those of all rules are added.",
    "sla": "How soon somebody must answer. The first rule that sets it wins.",
    "product": "The product it is about. The first rule that sets it wins.",
    "playbook": "The page that says how to handle it. The first rule that sets it wins.",
    "discard": "The message goes to no queue; the books show the rule and this reason. The first rule that sets it wins.",
    "reply": "Answers with this template, which is declared under `templates:`. The first rule that sets it wins.",
    "notify": "Who is told of the message at once: addresses. Those of all rules are added.",
    "final": "`true`: no rule below is tried.",
}

CATEGORY: Final[Mapping[str, str]] = {
    "label": "What people call it. Without one it is the name.",
    "owners": "Who is responsible where no rule says so: addresses.",
    "sla": "How soon somebody must answer where no rule says so.",
    "priority": "How urgent it is where no rule says so, from `0` to `9`, which is the most urgent.",
    "playbook": "The page that says how to handle it where no rule says so.",
}

SLA: Final[Mapping[str, str]] = {
    "first_reply": "The time until the first answer: `90s`, `30m`, `4h`, `1h30m`, or `2d` for 48 hours.",
    "next_reply": "The time until each further answer, from when the customer has written again.",
    "resolution": "The time until the ticket is closed, without the time for which it waits for the customer.",
    "calendar": "The declared calendar by whose opening hours the time counts. Without one all hours count.",
    "warn": "How long before the end it is warned, in the same time. Without it that is a fifth of the time.",
    "on_warning": "What happens when it is warned.",
    "on_breach": "What happens when the time is over.",
}

ESCALATION: Final[Mapping[str, str]] = {
    "notify": "Who is told: addresses. They stand in the event.",
    "copy_to": "Puts the contact into these queues or categories as well.",
    "priority": "How urgent it is from then on, from `0` to `9`, which is the most urgent. It stands in the event.",
}

OPERATORS: Final[Mapping[str, str]] = {
    "words": "Holds when the text has one of the words or phrases, as whole words. Capitals, accents and punctuation"
    " do not matter.",
    "contains": "Holds when the text has the characters anywhere, also inside a word. Capitals and accents do not matter.",
    "starts_with": "Holds when the text begins with them. Capitals and accents do not matter.",
    "matches": "Holds when the text has a place that the regular expression matches (RE2 syntax). Capitals and accents"
    " matter; begin the pattern with `(?i)` if they should not. Write it in single quotes.",
}

LOGIC: Final[Mapping[str, str]] = {
    "any": "A list of conditions of which one must hold.",
    "all": "A list of conditions of which all must hold.",
    "not": "One condition, or a list, of which none may hold.",
    "expr": "An expression in CEL, which must be true or false. It is asked after all other conditions of its rule.",
    "use": "Conditions by their names under `conditions:`, all of which must hold.",
}

EXTRACTOR: Final[Mapping[str, str]] = {
    "pattern": "The regular expression (RE2 syntax), or `$NAME` of one. The value is the first group that matched"
    " something; where there is no group, all that matched.",
    "from": "The texts to look into, in this order. Without it these are `subject` and `text`.",
}

CALENDAR: Final[Mapping[str, str]] = {
    "timezone": "A name of the IANA database, such as `Europe/Rome` or `UTC`.",
    "hours": 'The spans of each weekday: `mon-fri: ["09:00-13:00", "14:00-18:00"]`. A day that is not named is closed.',
    "holidays": "The public holidays of a country, or of a region of it. These days are closed.",
    "closed": "Dates and ranges of dates (`2026-08-10..2026-08-21`, both ends included) without opening hours.",
    "open": "Dates with the opening hours they have whatever else is said of them.",
}

TEMPLATE: Final[Mapping[str, str]] = {
    "text": "Language to words, which may hold `{{ name }}`, `{{ reference }}` and `{% if … %}`. The language is the"
    " message's, else the first.",
    "subject": "The same for the subject of mails, in the same languages.",
    "forms": "Channel to what it has instead, such as a shorter `text` for `sms`.",
    "whatsapp": "A template that WhatsApp has approved: it leaves in place of the text where the time for free texts is over.",
    "to_claimed": "`true`: also to addresses that nobody has proven. Then anybody can make you write to strangers.",
}

FORM: Final[Mapping[str, str]] = {"text": "As the text of the template, in the same languages."}

WHATSAPP: Final[Mapping[str, str]] = {
    "name": "Its name at WhatsApp.",
    "language": "Its language there, such as `it` or `en_US`; otherwise that of the answer.",
    "parameters": "What stands for `{{1}}`, `{{2}}` … in its body, each a template like a text.",
}

HOLIDAYS: Final[Mapping[str, str]] = {
    "country": "Two capital letters of ISO 3166-1.",
    "region": "The code of a region of the country, without the country: `MI`, `BY`.",
}

CASE: Final[Mapping[str, str]] = {
    "name": "What the test shows.",
    "message": "What matters of the message, nested (`customer: {tier: gold}`) or with dots (`customer.tier: gold`)."
    " Everything else has a usual value: a new customer with a verified address who sends a text.",
    "expect": "What the decision must have. What is not named is not compared.",
}

EXPECT: Final[Mapping[str, str]] = {
    "category": "What the contact is about.",
    "queue": "The first of its targets.",
    "targets": "All queues and categories it goes to, in any order; `[]` where it goes to none.",
    "priority": "How urgent it is, raises included.",
    "tags": "All its labels, in any order; `[]` for none.",
    "owners": "All who are responsible, in any order; `[]` for nobody.",
    "sla": "How soon somebody must answer; of its settings what is named, `null` for none.",
    "product": "The product it is about; `null` for none.",
    "playbook": "The page that says how to handle it; `null` for none.",
    "reply": "The template it is answered with; `null` for none.",
    "notify": "All who are told, in any order; `[]` for nobody.",
    "discard": "Whether it is discarded (`true`, `false`), or the reason.",
    "decided_by": "Who decided a field: the names of rules, `category` or `default`.",
    "fields": "Declared fields by name, as rules see them; `null` for one that is missing.",
}
