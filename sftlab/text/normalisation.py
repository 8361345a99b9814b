"""One spelling for texts that a reader takes as the same."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_PUNCTUATION = str.maketrans("。、【】「」『』《》〈〉“”‘’—…·", '.,[]""""<><>""\'\'-.·')


def fold_width(text: str) -> str:
    """NFKC: full-width letters and digits become ASCII, ligatures come apart; zero-width characters go."""
    return _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text))


def squeeze(text: str) -> str:
    """Runs of white space become one blank, none at the ends."""
    return _SPACE.sub(" ", text).strip()


def normalise(text: str) -> str:
    """Width, case and white space folded: what exact match and hashes of content compare."""
    return squeeze(fold_width(text)).casefold()


def normalise_loosely(text: str) -> str:
    """``normalise`` and, besides, Chinese punctuation as ASCII and no closing full stop."""
    return normalise(fold_width(text).translate(_PUNCTUATION)).rstrip(".!?").rstrip()
