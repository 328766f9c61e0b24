"""The words of an agent's answer, as systems with an editor of their own keep them."""

from desk.bridges.marks import CONTROLS, Marks
from normalizer.mail.quotes import new_words
from normalizer.markup import html_to_text


def new_text(content: str, *, is_html: bool) -> str:
    """Without markup, controls, and without what the agent quoted: the bridge's own words for agents may be in there, which are
    no customer's. Empty where nothing was said."""
    text = html_to_text(content) if is_html else content
    return (new_words(CONTROLS.sub("", text).replace("\r\n", "\n").strip(), answers=True) or "").strip()


def answer_text(content: str, marks: Marks | None, *, is_html: bool) -> str | None:
    """The same; None for what the marks keep among agents, also where the mark stands in what is cut off."""
    new = new_text(content, is_html=is_html)
    if marks is None:
        return new
    whole = html_to_text(content) if is_html else content
    if marks.answers == "all" and marks.for_the_customer(whole) is None:
        return None
    return marks.for_the_customer(new)
