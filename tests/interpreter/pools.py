"""Small pools of values, so that conditions hold about as often as not."""

# ruff: noqa: RUF001  # letters that look alike are what is compared

from typing import Final

CLOSED: Final = {
    "kind": (
        *("text", "media", "location", "contact", "reaction", "postback", "form", "comment", "call", "visit", "edit", "delete"),
        *("unsupported",),
    ),
    "sender.proof": ("verified", "agent", "claimed"),
    "customer.match": ("new", "verified", "claimed", "agent", "ambiguous"),
}  # fmt: skip
VALUES: Final = {
    "channel": ("email", "sms", "whatsapp", "web_form"),
    "connector": ("shop", "desk"),
    "account": ("+39011", "info@example.it"),
    "brand": ("test", "Test", "casa"),
    "language": ("it", "en", "de"),
    "automated": ("auto_reply", "bounce", "list", "bulk"),
    "button": ("yes-1", "no-1"),
    "sender.handle": ("anna@marketplace.example", "+39333", "bob@ebay.example"),
    "sender.kind": ("email", "phone"),
    "sender.domain": ("marketplace.example", "ebay.example"),
    "sender.name": ("Anna Rossi", "ANNA", "Zoë Müller", "Ἀθηνᾶς", "İpek", "李雷", "שרה"),
    "customer.tier": ("gold", "silver"),
    "conversation.ticket": ("T-1", "T-2"),
    "history.last_category": ("returns", "orders"),
    "received": ("2026-12-25T09:00:00.000Z", "2026-03-29T00:59:59.999Z"),
}
ITEMS: Final = {
    "customer.tags": ("vip", "press", "Perché", "blog post", "vip-2"),
    "attachments.types": ("image/png", "image/jpeg", "application/pdf", "text/plain"),
    "attachments.kinds": ("image", "audio", "video", "document", "other"),
    "conversation.channels": ("email", "sms", "whatsapp"),
}
WHOLE: Final = {
    "customer.messages": (0, 1, 2, 5, 6),
    "attachments.count": (0, 1, 3, 4),
    "attachments.size": (0, 1023, 1024, 9_007_199_254_740_993, 9_223_372_036_854_775_807),
    "conversation.messages": (0, 1, 2),
    "history.unanswered": (0, 1, 2, 3),
    "history.contacts": (0, 5, 10),
    "history.day": (0, 1, 2),
    "history.week": (0, 2, 3),
}
AGES: Final = (0.0, 0.25, 1.0, 24.0, 167.5)
NUMBERS: Final = (0, -1, 1, 99.5, 500, 500.0, 1240.5, 0.1, 1e15, -0.0)
DATES: Final = ("2025-01-01", "2025-12-31", "2026-02-28", "2026-03-01", "2024-02-29", "1970-01-01", "9999-12-31")
WORDS: Final = (
    *("refund", "Refund", "REFUND", "refunds", "send", "back", "sendback", "reso", "rimborso", "perché", "perche\u0301"),
    *("perche",),
    *("città", "CITTÀ", "straße", "STRASSE", "strasse", "ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ", "istanbul", "İSTANBUL"),
    *("ISTANBUL", "ıstanbul"),
    *("ﬁn", "fin", "Ångström", "angstrom", "naïve", "Ḍ̇", "ø", "o", "æ", "ae", "đ", "ł", "l", "ñ", "n", "й", "и", "ё", "е"),
    *("ж",),
    *("日本語", "返品", "返", "品", "ภาษา", "สั่ง", "שלום", "שָׁלוֹם", "مرحبا", "مَرحبا", "नमस्ते", "नमसत", "한국어", "각", "각"),
    *("IT-2231", "IT", "2231", "MP-28", "MP-9", "don't", "dont", "don’t", "a", "x", "Σ", "ς", "ẞ", "ß", "ss", "Ⅳ", "iv", "①"),
    *("1", "½", "x²", "x2"),
    *("snake_case", "snake", "case", "co-op", "coop", "soft\u00adhyphen", "softhyphen", "zero\u200bwidth", "zero\u200cwidth"),
    *("zero\u200dwidth", "zerowidth"),
    *("Dž", "ǆ", "ŉ", "ǰ", "ΐ", "ﬃ", "K", "k", "Å", "e\u0301\u0323", "ẹ́", "ㅎㅏㄴ", "한", "ﷺ"),
    *("Ａ", "ａ", "ｱ", "ア", "ガ", "カ"),
)  # fmt: skip
SIGNS: Final = (
    *(" ", " ", " ", " ", "  ", "\n", "\t", "-", ", ", "! ", ". ", "…", "’", "'", "\u00a0", "\u3000", "/", "_", "😀"),
    *("👨\u200d👩\u200d👧", "❤️", "$", "$$"),
    *("\u200b", "\u200d", "\u200f", "\u202e", "\u2028", "\ufeff", "\u00ad", "", "؟", "。", "·", "+", "&", "®", "™", "\u0301"),
    *("\r\n", "¿"),
)  # fmt: skip
PHRASES: Final = (
    "send back",
    "back send",
    "$40",
    "$40",
    "snake_case",
    "send  back",
    "send-back",
    "refund please",
    "a x",
    "IT-2231",
    "don't",
    "x a x",
    "perché no",
    "send back refund",
    "co-op",
)
CHARACTERS: Final = (
    "fund",
    "-",
    "$",
    "$",
    "$4",
    "$40",
    "IT-",
    "é",
    "e",
    "ss",
    "ß",
    "😀",
    "👨",
    "σ",
    "i",
    "İ",
    "ı",
    "返",
    "ﬁ",
    "fi",
    "\u0301e",
    "n’t",
    "'",
    "²",
    "!",
)
PATTERNS: Final = (
    *(r"\b[A-Z]{2}-[0-9]{4,6}\b", r"(?i)refund", r"^re:", r"[0-9]+", r"(?i)stra(ß|ss)e", r"\bIT\b", r"MP-([0-9]+)"),
    *(r"[àèéìòù]", r"\p{Greek}", r"a.x"),
    *(r"(?m)^back", r"(?s)send.back", r"back$", r"send\s+back", r"\S{8,}", r"(?:refund|reso)s?", r"[^a-z ]", r"x{2}"),
    *(r"\pL\pN", r"(?U)a.+x"),
)  # fmt: skip
OF_VALUES: Final = (r"image/(png|jpeg)", r"^[a-z]+$", r"vip", r"\.example$", r"-[0-9]", r"(?i)^[A-M]", r"^.{4}$", r"[0-9T]:|a")
EXTRACTING: Final = (
    *(
        r"\b(IT-[0-9]{4,6})\b",
        r"MP-[0-9]+",
        r"(?i)(?:total|totale):? ([0-9.,]+)|EUR ([0-9.,]+)",
        r"on (\S+)",
        r"is: ([^;]*);",
        r"(?s)send(.*)back",
    ),
    *(r"(refund)|(reso)", r"(refund)?x", r"amount ([-€0-9., ]+)", r"x+"),
)
FOR_KINDS: Final = {
    "number": (EXTRACTING[2], EXTRACTING[8]),
    "date": (EXTRACTING[3],),
    "boolean": (EXTRACTING[4],),
    "text": EXTRACTING,
}
TELLING: Final = (
    *("total: 12", "totale: 1.240,50", "EUR 89,90", "EUR 1.234", "EUR 1,234.56", "total 12345678901234567", "amount 1 234"),
    *("amount -€ 89.9",),
    *("amount 1 234 567,1234567", "amount € 12 €", "amount 12.345.678", "amount 123456789012345", "amount 0,123456"),
    *("amount 1234567890123.456",),
    *("amount -1.234,56", "amount .5", "amount 5.", "amount 007", "amount 1 23", "amount 1.234.56", "amount - 5"),
    *("amount -0", "EUR 1,23,456"),
    *("on 2026-11-30", "on 30/11/2026", "on 30.11.2026", "on 30-11-2026", "on 31.11.2026", "on 1/2/2026", "on 30/11-2026"),
    *("on 2026-2-3", "on 30/11/26"),
    *("is: yes;", "is: NO;", "is: sì;", "is: Sì ;", "is: SI\u0300;", "is: on;", "is: 0;", "is: maybe;", "is: Y;"),
    *("is: a\u00a0\n b\x07c;", "is: ;", "is: true;"),
    *("on 29/02/2024", "on 29/02/2023", "on 2026-11-31", "is: " + "long" * 50 + ";", "is: " + "long" * 51 + ";"),
    *("is: \x85x\u2028y\u200b;",),
)  # fmt: skip
ZONES: Final = (
    "Europe/Rome",
    "America/New_York",
    "UTC",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
)
PLACES: Final = (("IT", "MI"), ("IT", None), ("DE", "BY"), ("US", None), ("GB", "SCT"))
MOMENTS: Final = (
    *("2026-12-24T22:30:00.000Z", "2026-12-25T05:59:59.999Z", "2026-12-07T05:00:00.000Z", "2026-12-27T10:00:00.000Z"),
    *("2026-11-27T08:00:00.000Z",),
    *("2026-03-29T00:59:59.999Z", "2026-03-29T01:00:00.000Z", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"),
    *("2026-03-08T07:00:00.000Z",),
    *("2026-11-01T05:30:00.000Z", "2026-11-01T06:30:00.000Z", "2026-07-04T16:00:00.000Z", "2026-07-03T16:00:00.000Z"),
    *("2026-08-10T21:59:59.999Z",),
    *("2027-01-01T00:00:00.000Z", "2026-12-31T23:59:59.999Z", "2026-08-21T22:00:00.000Z", "2026-04-04T15:15:00.000Z"),
    *("2028-02-29T11:59:00.000Z",),
)  # fmt: skip
SPANS: Final = (
    *("09:00-13:00", "14:00-18:00", "09:00-12:30", "22:00-06:00", "00:00-24:00", "00:00-00:01", "23:59-24:00", "02:00-03:00"),
    *("01:30 - 02:30",),
    *("18:00-09:00", "13:00-00:00", "23:59-00:01", "10:00-10:01"),
)  # fmt: skip
WEEKS: Final = (
    *({"mon-fri": 2, "sat": 1}, {"mon-sun": 1}, {"sat-mon": 1, "wed": 2}, {"mon,wed-fri": 1, "sun": 0}),
    *({"tue - thu , sat": 2}, {"fri-fri": 1, "sun": 1}),
)  # fmt: skip
CLOSINGS: Final = ("2026-12-24", "2026-08-10..2026-08-21", "2026-11-27 .. 2026-11-27", "2026-07-03", "2026-10-25..2026-11-01")
OPENINGS: Final = ("2026-12-27", "2026-12-25", "2026-03-29", "2026-11-01", "2026-08-10", "2026-10-25")
