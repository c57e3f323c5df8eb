"""Names of the languages that a data set's codes stand for: 'German-English' for 'IWSLT14 de-en'."""

from __future__ import annotations

import re

_NAMES = {
    "ar": "arabic", "bg": "bulgarian", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "et": "estonian",
    "fa": "persian", "fi": "finnish", "fr": "french", "gu": "gujarati", "he": "hebrew", "hi": "hindi", "hr": "croatian", "hu": "hungarian", "id": "indonesian",
    "is": "icelandic", "it": "italian", "ja": "japanese", "kk": "kazakh", "ko": "korean", "lt": "lithuanian", "lv": "latvian", "mt": "maltese", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "si": "sinhala", "sk": "slovak", "sl": "slovene",
    "sq": "albanian", "sr": "serbian", "sv": "swedish", "sw": "swahili", "ta": "tamil", "th": "thai", "tr": "turkish", "uk": "ukrainian", "ur": "urdu",
    "vi": "vietnamese", "zh": "chinese",
}  # fmt: skip
_PAIR = re.compile(r"(?<![a-z])([a-z]{2}) ?(?:-|--|→|->|_|\u2013) ?([a-z]{2})(?![a-z])")


def languages_of(recorded: str) -> str:
    """The pairs of codes in recorded words written out in their order; a digit between names keeps one pair apart from the next."""
    pairs = [(_NAMES[a], _NAMES[b]) for a, b in _PAIR.findall(recorded.lower()) if a in _NAMES and b in _NAMES]
    return " ".join(f"{one}-{other} 0 {other} 0 {one} 0" for one, other in pairs)
