"""What in a sound row a manager should look at before people work on it: pure. A warned row is still taken.

Kinds: `language` (the tag contradicts the text), `mojibake` (text decoded by the wrong table), `pii` (personal data),
`choice` (a word that the field does not know), `duplicate` and `near_duplicate` (of a row before it).
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.rows import Row
from sftlab.text.duplicates import THRESHOLD, Hashes, Near, bands, jaccard, minhash, shingles
from sftlab.text.language import detect

KINDS: dict[str, str | Promise] = {
    "language": gettext_lazy("language tag"),
    "mojibake": gettext_lazy("garbled text"),
    "pii": gettext_lazy("personal data"),
    "choice": gettext_lazy("unknown word"),
    "duplicate": gettext_lazy("duplicate"),
    "near_duplicate": gettext_lazy("near duplicate"),
}
DIFFICULTIES = ("easy", "medium", "hard")

_EMAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}\b", re.ASCII)
_DIGITS = re.compile(r"\d[\d .()-]{7,}\d", re.ASCII)
_MOBILE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", re.ASCII)
_ABROAD = re.compile(r"(?<![\w+])\+\d{1,3}(?:[ .()-]{0,2}\d){8,12}(?!\d)", re.ASCII)
_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)", re.ASCII)
_CARD = re.compile(r"(?<!\d)\d{4}(?:[- ]?\d{4}){3}(?:[- ]?\d{1,3})?(?!\d)", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999: the check character of an identity number is "10X98765432"[weighted sum mod 11]."""

# What UTF-8 looks like once it was read as Latin-1 or Windows-1252, and what decoders leave where they gave up.
_HIGH = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,}"
)
_GIVEN_UP = re.compile("\ufffd|锟斤拷|烫烫烫|屯屯屯")


@dataclass(frozen=True)
class Warned:
    kind: str
    field: str
    reason: str

    def at(self, row: int) -> dict[str, Any]:
        return {"row": row, **asdict(self)}


class Checker:
    """Looks at the rows of one import, in their order; near duplicates are looked for among the first `near_rows`."""

    def __init__(self, near_rows: int) -> None:
        self.near_rows = near_rows
        self._seen = _Seen()

    def look(self, number: int, row: Row) -> list[Warned]:
        found = [*_language(row), *_choice(row), *_texts(row)]
        return [*found, *self._near(number, row)] if number <= self.near_rows else found

    def _near(self, number: int, row: Row) -> Iterator[Warned]:
        near = self._seen.near(number, _whole(row))
        if near is None:
            return
        if near.similarity == 1:
            yield Warned("duplicate", _first(row), _("says the same as row %(row)d") % {"row": near.key})
        else:
            values = {"row": near.key, "share": 100 * near.similarity}
            yield Warned("near_duplicate", _first(row), _("is %(share).0f%% the same as row %(row)d") % values)


class _Seen:
    """Texts by number. Each is compared with one earlier text for each of its bands, and one that has a near duplicate
    stands behind it: so a thousand rows of one template cost no more than a thousand others."""

    def __init__(self) -> None:
        self._shingles: dict[int, Hashes] = {}
        self._by_band: dict[bytes, int] = {}

    def near(self, number: int, text: str) -> Near | None:
        hashes = shingles(text)
        if not len(hashes):
            return None
        keys = bands(minhash(hashes))
        candidates = {self._by_band[key] for key in keys if key in self._by_band}
        found = [Near(other, jaccard(hashes, self._shingles[other])) for other in sorted(candidates)]
        best = max(found, key=lambda near: near.similarity, default=None)
        if best is not None and best.similarity >= THRESHOLD:
            return best
        self._shingles[number] = hashes
        for key in keys:
            self._by_band.setdefault(key, number)
        return None


def _whole(row: Row) -> str:
    return "\n".join([*(turn["content"] for turn in row.messages), row.input, row.output])


def _first(row: Row) -> str:
    return "instruction" if len(row.messages) == 1 else "messages"


def _language(row: Row) -> Iterator[Warned]:
    tag, whole = row.metadata.get("language"), _whole(row)
    if tag == "en" and whole.isascii():
        return
    seen = detect(whole)
    if {tag, seen} == {"zh", "en"}:
        yield Warned(
            "language", "metadata.language", _("says %(tag)s, but the text is %(seen)s") % {"tag": tag, "seen": seen}
        )


def _choice(row: Row) -> Iterator[Warned]:
    given = row.metadata.get("difficulty")
    if given is not None and given not in DIFFICULTIES:
        yield Warned("choice", "metadata.difficulty", _("is none of %(names)s") % {"names": ", ".join(DIFFICULTIES)})


def _texts(row: Row) -> Iterator[Warned]:
    """The first text of each kind is named: one look at the row is enough."""
    named = [*((_first(row), turn["content"]) for turn in row.messages), ("input", row.input), ("output", row.output)]
    for field, text in named:
        if is_garbled(text):
            yield Warned("mojibake", field, _("was decoded by the wrong table: its characters are garbled"))
            break
    for field, text in named:
        if kinds := personal_data(text):
            yield Warned("pii", field, _("holds personal data: %(kinds)s") % {"kinds": ", ".join(map(str, kinds))})
            break


def is_garbled(text: str) -> bool:
    if text.isascii():
        return False
    return bool(_GIVEN_UP.search(text)) or any(_was_utf8(run) for run in _HIGH.findall(text))


def _was_utf8(run: str) -> bool:
    try:
        return len(b"".join(map(_byte, run)).decode("utf-8")) < len(run)
    except ValueError:
        return False


def _byte(character: str) -> bytes:
    """Windows-1252 leaves five places empty, which programs pass through as Latin-1 does."""
    return character.encode("latin-1" if character <= "\u00ff" else "cp1252")


def personal_data(text: str) -> list[str | Promise]:
    found: list[str | Promise] = []
    if "@" in text and _EMAIL.search(text):
        found.append(_("an e-mail address"))
    if not _DIGITS.search(text):
        return found
    if any(map(_is_identity, _IDENTITY.findall(text))):
        found.append(_("an identity number"))
    if _MOBILE.search(text) or _ABROAD.search(text):
        found.append(_("a phone number"))
    if any(map(_is_card, _CARD.findall(text))):
        found.append(_("a bank card number"))
    return found


def _is_identity(number: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper()


def _is_card(number: str) -> bool:
    """Luhn's check; an identity number of 18 digits is told apart by its own."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0 and not _is_identity("".join(map(str, digits)))
