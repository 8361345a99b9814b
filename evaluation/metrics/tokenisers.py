"""Which segmenter a metric uses for which language, and how a signature says so."""

from collections.abc import Mapping

from sftlab.text.segmentation import SEGMENTERS


class Tokenisers:
    """Segmenters by language, and which of them were asked for: a signature names those that made the number."""

    def __init__(self, chinese: str, other: str) -> None:
        self._by_script: Mapping[str, str] = {"zh": chinese, "mixed": chinese}
        self._other = other
        self._used: set[str] = set()

    def name(self, script: str) -> str:
        name = self._by_script.get(script, self._other)
        self._used.add(name)
        return name

    def signature(self) -> str:
        return ",".join(SEGMENTERS[name].signature for name in sorted(self._used)) or "none"


def word_tokenisers(chinese: str = "jieba", other: str = "word") -> Tokenisers:
    return Tokenisers(chinese, other)
