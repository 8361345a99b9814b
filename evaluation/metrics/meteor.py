"""METEOR. Lavie and Agarwal, "METEOR: an automatic metric for MT evaluation …", WMT 2007, with nltk's alignment."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from nltk import data
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import single_meteor_score

from evaluation.metrics.base import NO_TOKENS, MeanMetric, NotComputed, Pair, Rows
from evaluation.metrics.tokenisers import word_tokenisers
from evaluation.metrics.workspace import Workspace

FILES = Path("corpora/wordnet")


class _NoSynonyms:
    def synsets(self, word: str) -> list[Any]:
        return []


class MeteorExactStem(MeanMetric):
    """(1 - 0.5 · (chunks/matches)³) · PR / (0.9 P + 0.1 R) over words matched exactly, then by Porter's stem.

    Words as for ROUGE, so Chinese goes by jieba's. Equal texts score 1, as in METEOR 1.5 (nltk takes the penalty of
    one chunk even from those). Of several references the best.
    """

    name = "meteor_exact_stem"

    def __init__(self, *, chinese: str = "jieba", english: str = "word") -> None:
        self.tokenisers = word_tokenisers(chinese, english)
        self._stemmer = PorterStemmer()

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        synonyms = self._synonyms()
        for place, pair in enumerate(pairs):
            name = self.tokenisers.name(pair.script)
            hypothesis, *references = (workspace.tokens(text, name) for text in (pair.hypothesis, *pair.references))
            if (pair.hypothesis.strip() and not hypothesis) or not any(references):
                rows.reasons[place] = NO_TOKENS
            rows.statistics[place] = max(self._one(hypothesis, one, synonyms) for one in references), 1
        return rows

    def _one(self, hypothesis: Sequence[str], reference: Sequence[str], synonyms: Any) -> float:
        if hypothesis == reference:
            return 1.0
        return float(single_meteor_score(reference, hypothesis, stemmer=self._stemmer, wordnet=synonyms))

    def _synonyms(self) -> Any:
        return _NoSynonyms()

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature(), "match": "exact,stem", "lib": f"nltk-{metadata.version('nltk')}"}


class Meteor(MeteorExactStem):
    """The same with WordNet's synonyms as a third way to match; ``wordnet`` is an nltk data folder on this machine."""

    name = "meteor"

    def __init__(self, *, wordnet: str = "", chinese: str = "jieba", english: str = "word") -> None:
        super().__init__(chinese=chinese, english=english)
        self._folder = Path(wordnet) if wordnet else None
        self._reader: Any = None

    def _synonyms(self) -> Any:
        if self._folder is None or not (self._folder / FILES / "index.noun").is_file():
            raise NotComputed("WordNet's data are not configured; meteor_exact_stem needs none")
        if self._reader is None:
            # nltk reads from the folders of its search path only.
            data.path.insert(0, str(self._folder))
            self._reader = WordNetCorpusReader(str(self._folder / FILES), _NoSynonyms())
        return self._reader

    def details(self) -> dict[str, str]:
        version = self._reader.get_version() if self._reader is not None else "none"
        return {**super().details(), "match": "exact,stem,wordnet", "wordnet": version}
