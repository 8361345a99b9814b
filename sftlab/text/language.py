"""Which of the two languages a text is in, by the share of its scripts.

The unit is what a reader would call a word: one Han character, one run of Latin letters, one letter of another
script. Digits, punctuation and symbols have no language. At least ``CHINESE_FROM`` of the units Han: ``zh``; at most
``ENGLISH_UP_TO``: ``en``; between: ``mixed``. Text without a unit, or mostly in a third script, is ``und``. Other
languages in Latin script count as ``en``: two languages are told apart here, not a hundred.
"""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en", "mixed", "und"]

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"

CHINESE_FROM = 0.7
ENGLISH_UP_TO = 0.1

_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(f"[{LATIN}]+(?:['\u2019][{LATIN}]+)*")
_OTHER_LETTER = re.compile(rf"[^\W\d_{HAN}{LATIN}]")


@dataclass(frozen=True)
class Scripts:
    """Counts of units by script."""

    han: int
    latin: int
    other: int

    @property
    def total(self) -> int:
        return self.han + self.latin + self.other


def scripts(text: str) -> Scripts:
    return Scripts(len(_HAN.findall(text)), len(_LATIN_WORD.findall(text)), len(_OTHER_LETTER.findall(text)))


def detect(text: str) -> Language:
    found = scripts(text)
    if not found.total or found.other * 2 > found.total:
        return "und"
    share = found.han / (found.han + found.latin)
    if share >= CHINESE_FROM:
        return "zh"
    return "en" if share <= ENGLISH_UP_TO else "mixed"


def has_han(text: str) -> bool:
    return _HAN.search(text) is not None
