"""What the page of a chat says around the chat, in every language it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTexts:
    """`open` is the button's; `needs_script` is read where the browser runs none, `missing` where the chat does not come."""

    lead: str
    open: str
    needs_script: str
    missing: str


CHAT_TEXTS: Final[Mapping[Language, ChatTexts]] = {
    "it": ChatTexts(
        lead="Quello che scrivi resta in questo browser: puoi chiudere la pagina e tornare a leggere la risposta.",
        open="Apri la chat",
        needs_script="Per scrivere in chat serve JavaScript, che in questo browser è spento.",
        missing="La chat non si è ancora caricata. Controlla la connessione e ricarica la pagina.",
    ),
    "en": ChatTexts(
        lead="What you write stays in this browser: you can close the page and come back for the answer.",
        open="Open the chat",
        needs_script="The chat needs JavaScript, which is switched off in this browser.",
        missing="The chat has not loaded yet. Check your connection and load the page again.",
    ),
}
