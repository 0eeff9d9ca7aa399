"""The languages that Whisper knows, by its own codes. faster-whisper has the same list, and takes too long to import for a look at it."""

import re
from typing import Final

AUTO: Final = "auto"
"""Whisper tells which it hears."""
WHISPER_LANGUAGES: Final = frozenset(
    """
    af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is
    it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk
    sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue
    """.split()  # noqa: SIM905 - a hundred quoted codes are no easier to read
)


def known(language: str) -> str:
    """The language itself.

    Raises:
        ValueError: Whisper does not know it by that name.
    """
    if language == AUTO or language in WHISPER_LANGUAGES:
        return language
    nearest = re.split("[-_]", language.lower())[0]  # EN, en-US
    mend = f"; did you mean {nearest}?" if nearest in WHISPER_LANGUAGES else ""
    raise ValueError(f"expected {AUTO}, or a code of Whisper such as en, de or zh, got {language!r}{mend}")
