"""YAML texts of every style, made from a seed: whole documents, soups of signs, and documents with a few signs changed."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

_SIGNS: Final = (
    *"ab:-?[]{},&*!|>'\"%@`# \n~.01=<", *( "\n  ", "\n    ", "\n- ", "\n  - ", "- ", ": ", ", ", " #c", "? ", "&a ", "*a",
    "*a ", "*a:", "|\n", ">\n", "|-\n", ">+\n", ), *( "|2\n", ">1-\n", "|9\n", "---\n", "---", "...\n", "\n---\n",
    "\n...\n", "<<: ", "!!int ", "!", "%TAG ", "%YAML 1.2\n", "\t", ), *( "\r\n", "\r", "\x85", "\u2028", "\u2029",
    "\ufeff", "\xa0", "\u200b", "\u3000", "\U0001f600", "\ue000", "\x7f", "é", "\0", ), *( '"a"', "'b'", '"a":', '"a":1',
    "a:1", "{a:1}", "[a:b]", "{a}", "[a: b]", "[?a]", "[? a]", "{?}", "[-]", "[-1]", "a#b", '"a"#b', ), *( r'"\u00e9"',
    r'"\x41"', r'"\/"', r'"\ud83d\ude00"', r'"\U0001F600"', '"\\\n"', r'"\L"', r'"\N\_\e"', r'"\q"', "''''", '"\\""', ), *(
    "::", ":::", "a:", ":a", "-a", "--", "?a", "a?", "a-", "a, b", "&a", "&é", "&a-b ", "&a:b ", "*é", "null", "yes",
    "0o17", "1e3", ),
)  # fmt: skip
_SCALARS: Final = (
    *( "a", "a b", "a: b", "a:b", "a #b", "a#b", ":a", "-a", "?a", "- a", "? a", "#a", "&a", "*a", "!a", "|", ">", "%a",
    "@a", "`a", ), *( "", " ", " a", "a ", "a\nb", "a\n\nb", "a\n  b\n", "\na", "a\n\n", "  a\nb", "a\\b", 'a"b', "a'b",
    "''", '""', "[a", "a]", "{a}", ), *( "a,b", "a, b", ",", ":", "-", "?", "::", "---", "...", "--- a", "<<", "=", "~",
    "null", "Null", "NULL", "nul", "true", "True", ), *( "TRUE", "tRue", "yes", "no", "on", "off", "y", "n", "0", "1", "-1",
    "+1", "007", "0o17", "0o8", "017", "0x1F", "0xg", "0b11", "1_000", ), *( "1.", ".5", "-.5", "1.5", "1e3", "1E3", "1e+3",
    "1.e3", "1e", ".inf", "-.INF", "+.inf", ".nan", ".NaN", "1e999", "12:30", "1:2:3", ), *( "190:20:30.15", "2026-11-27",
    "2026-11-27T10:00:00Z", "1.2.3", "é", "perché", "\U0001f600", "\u4e2d\u6587", "\xa0", "a\xa0b", ), *( "\u200b",
    "\u2028", "\x85", "\ufeff", "x" * 200, "x " * 80, "_1", "1_", "-_", "+", "-", ".", "..", "0.1", "$a", "$$", ">= 2", ),
)  # fmt: skip


def documents(seed: str, count: int) -> Iterator[str]:
    """Documents that are mostly right."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    for _ in range(count):
        yield _Writer(rng).document()


def soups(seed: str, count: int) -> Iterator[str]:
    """Signs in any order, few of which are YAML."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    for _ in range(count):
        yield "".join(rng.choices(_SIGNS, k=rng.randrange(1, 12)))


def changed(seed: str, texts: Sequence[str], count: int) -> Iterator[str]:
    """Pieces of the texts in which a few signs were put, taken away or doubled."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    for _ in range(count):
        text = rng.choice(texts)
        start = rng.randrange(max(1, len(text)))
        text = text[text.rfind("\n", 0, start) + 1 :][: rng.randrange(20, 400)]
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text) + 1)
            until = min(len(text), at + rng.choice((0, 0, 1, 3)))
            text = text[:at] + rng.choice((*_SIGNS, text[at:until] * 2, "")) + text[until:]
        yield text


class _Writer:
    """Writes one document, each value in a style of its own."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._anchors = 0

    def document(self) -> str:
        head = self._rng.choice(("", "", "", "", "---\n", "--- # c\n", "# c\n", "\n\n", "%YAML 1.2\n---\n", "--- "))
        text = head + self._block(0, self._rng.randrange(1, 4)).lstrip(" " if head.endswith("--- ") else "")
        text += self._rng.choice(("", "\n", "\n", "\n\n", "\n# c", "\n...\n", "  "))
        return text.replace("\n", "\r\n") if self._rng.random() < 0.1 else text

    def _block(self, indent: int, depth: int) -> str:
        kind = self._rng.randrange(6) if depth else 5
        if kind < 2:
            return self._lines(indent, depth, "map")
        return self._lines(indent, depth, "list") if kind < 4 else self._anchor() + self._inline(indent, depth)

    def _lines(self, indent: int, depth: int, kind: str) -> str:
        lines = []
        for number in range(self._rng.randrange(1, 4)):
            head = "- " if kind == "list" else self._key(number) + ": "
            if self._rng.random() < 0.1:
                lines.append(" " * indent + head.rstrip())
                continue
            step = self._rng.choice((1, 2, 2, 2, 4))
            if kind == "list" and self._rng.random() < 0.5:
                lines.append(" " * indent + head + self._block(indent + 2, depth - 1).lstrip(" "))
            elif depth > 1 and self._rng.random() < 0.6:
                below = self._lines(indent + step, depth - 1, self._rng.choice(("map", "list")))
                lines.append(f"{' ' * indent}{head}{self._anchor().rstrip()}{self._comment()}\n{below}")
            else:
                lines.append(" " * indent + head + self._anchor() + self._inline(indent + step, depth - 1) + self._comment())
        return "\n".join(lines)

    def _comment(self) -> str:
        return self._rng.choice(("", "", "", "", " # c", " #", "  ", "\n", "\n# c", "\n   # c: d"))

    def _anchor(self) -> str:
        if self._rng.random() < 0.9:
            return ""
        self._anchors += 1
        return f"&a{self._rng.randrange(1, self._anchors + 1)} "

    def _key(self, number: int) -> str:
        if self._rng.random() < 0.7:
            return f"k{number}"
        if self._rng.random() < 0.1:
            return self._rng.choice(("?", "? a\n", "? [a, b]\n", "<<", "", "[a]", "{a: 1}", "*a1 "))
        return self._quoted(self._rng.choice(_SCALARS)) if self._rng.random() < 0.5 else self._plain()

    def _inline(self, indent: int, depth: int) -> str:
        style = self._rng.randrange(10)
        if style < 2:
            return self._flow(depth)
        if style < 4:
            return self._literal(indent)
        if style < 6:
            return self._quoted(self._rng.choice(_SCALARS))
        if style == 6 and self._anchors:
            return f"*a{self._rng.randrange(1, self._anchors + 1)}"
        return self._plain().replace("\n", "\n" + " " * indent)

    def _plain(self) -> str:
        return self._rng.choice(_SCALARS)

    def _quoted(self, text: str) -> str:
        if self._rng.random() < 0.5:
            return "'" + text.replace("'", "''") + "'"
        written = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + (written.replace("\n", "\\n") if self._rng.random() < 0.5 else written) + '"'

    def _literal(self, indent: int) -> str:
        head = (
            self._rng.choice("|>")
            + self._rng.choice(("", "", "-", "+", "1", "2", "2-", "+1", "4"))
            + self._comment().split("\n")[0]
        )
        lines = self._rng.choices(
            ("a", "b c", "", "", " d", "   e", "# f", "- g", "h: i", "é\U0001f600", "  "), k=self._rng.randrange(5)
        )
        return "\n".join([head, *(" " * indent + line if line else "" for line in lines)])

    def _flow(self, depth: int) -> str:
        items = [
            self._flow(depth - 1) if depth > 0 and self._rng.random() < 0.3 else self._flow_scalar()
            for _ in range(self._rng.randrange(4))
        ]
        between = self._rng.choice((", ", ",", " , ", ",\n    ", ", # c\n    "))
        end = self._rng.choice(("", "", ",", " ", "\n    "))
        if self._rng.random() < 0.5:
            return f"[{between.join(items)}{end}]"
        colon = self._rng.choice((": ", ": ", ": ", ":", " : "))
        return "{" + between.join(f"{self._flow_scalar()}{colon}{item}" for item in items) + end + "}"

    def _flow_scalar(self) -> str:
        scalar = self._rng.choice(_SCALARS)
        return self._quoted(scalar) if self._rng.random() < 0.5 else scalar
