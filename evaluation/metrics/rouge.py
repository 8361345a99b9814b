"""ROUGE. Lin, "ROUGE: a package for automatic evaluation of summaries", 2004; details as in ROUGE-1.5.5."""

from collections import Counter
from collections.abc import Sequence

from evaluation.metrics.base import NO_TOKENS, Floats, MeanMetric, Pair, Rows
from evaluation.metrics.tokenisers import word_tokenisers
from evaluation.metrics.workspace import Workspace
from sftlab.text.ngrams import overlap
from sftlab.text.sequences import Lines, lcs_length
from sftlab.text.similarity import PRF, prf

SHORT = "too_short"
SKIP = 4


class Rouge(MeanMetric):
    """F1 of the units that hypothesis and reference share, averaged over items; of several references the best F.

    Words are lower case without punctuation: jieba's in Chinese, runs of letters and digits elsewhere (the same as
    rouge_score's where the text is ASCII). No stemming. Where both texts are too short to have one unit, equal texts
    score 1 and others 0, flagged ``too_short``; rouge_score gives 0 to both.
    """

    columns = ("f", "precision", "recall", "items")

    def __init__(self, *, chinese: str = "jieba", english: str = "word") -> None:
        self.tokenisers = word_tokenisers(chinese, english)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        rows.statistics[:, 3] = 1
        chosen = [self.tokenisers.name(pair.script) for pair in pairs]
        texts = [
            (pair.hypothesis, ref, name) for pair, name in zip(pairs, chosen, strict=True) for ref in pair.references
        ]
        owners = [place for place, pair in enumerate(pairs) for _ in pair.references]
        for place, (pair, name) in enumerate(zip(pairs, chosen, strict=True)):
            cut = workspace.tokens(pair.hypothesis, name)
            if (pair.hypothesis.strip() and not cut) or not any(workspace.tokens(r, name) for r in pair.references):
                rows.reasons[place] = NO_TOKENS
        seen: set[int] = set()
        for place, (found, short) in zip(owners, self.units(texts, workspace), strict=True):
            if place not in seen or found.f > rows.statistics[place, 0]:
                seen.add(place)
                rows.statistics[place, :3] = found.f, found.precision, found.recall
                rows.flags[place] = [SHORT] if short else []
        return rows

    def units(self, texts: Sequence[tuple[str, str, str]], workspace: Workspace) -> list[tuple[PRF, bool]]:
        """For each (hypothesis, reference, segmenter) the score, and whether neither had a unit to share."""
        return [self.score(workspace, *text) for text in texts]

    def score(self, workspace: Workspace, hypothesis: str, reference: str, segmenter: str) -> tuple[PRF, bool]:
        raise NotImplementedError

    def parts(self, totals: Floats) -> dict[str, float]:
        return {"precision": totals[1] / max(totals[3], 1), "recall": totals[2] / max(totals[3], 1)}

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature(), "stem": "no", "avg": "item"}


class RougeN(Rouge):
    """Shared n-grams."""

    n: int

    def units(self, texts: Sequence[tuple[str, str, str]], workspace: Workspace) -> list[tuple[PRF, bool]]:
        groups = [(workspace.numbers(left, name), [workspace.numbers(right, name)]) for left, right, name in texts]
        found = overlap(groups, self.n)
        counts = zip(
            *(part[:, self.n - 1].tolist() for part in (found.matches, found.hypothesis, found.reference)), strict=True
        )
        return [
            _or_equal(*count, equal=left.tolist() == right.tolist())
            for count, (left, (right,)) in zip(counts, groups, strict=True)
        ]


class Rouge1(RougeN):
    name = "rouge1"
    n = 1


class Rouge2(RougeN):
    name = "rouge2"
    n = 2


class RougeL(Rouge):
    """The longest common subsequence of the whole texts."""

    name = "rougeL"

    def score(self, workspace: Workspace, hypothesis: str, reference: str, segmenter: str) -> tuple[PRF, bool]:
        left, right = workspace.tokens(hypothesis, segmenter), workspace.tokens(reference, segmenter)
        return prf(lcs_length(left, right), len(left), len(right)), False


class RougeLsum(Rouge):
    """Per reference line the union of its common subsequences with the hypothesis' lines, each token counted once."""

    name = "rougeLsum"

    def score(self, workspace: Workspace, hypothesis: str, reference: str, segmenter: str) -> tuple[PRF, bool]:
        left, right = workspace.lines(hypothesis, segmenter), workspace.lines(reference, segmenter)
        matches = lcs_length(left[0], right[0]) if len(left) == len(right) == 1 else _union_matches(left, right)
        return prf(matches, sum(map(len, left)), sum(map(len, right))), False


class RougeS(Rouge):
    """Skip-bigrams: ordered pairs of tokens with at most four others between them (ROUGE-S4)."""

    name = "rougeS"

    def score(self, workspace: Workspace, hypothesis: str, reference: str, segmenter: str) -> tuple[PRF, bool]:
        left, right = workspace.tokens(hypothesis, segmenter), workspace.tokens(reference, segmenter)
        ours, theirs = skip_bigrams(left), skip_bigrams(right)
        return _or_equal((ours & theirs).total(), ours.total(), theirs.total(), equal=left == right)

    def details(self) -> dict[str, str]:
        return {**super().details(), "skip": str(SKIP)}


def skip_bigrams(tokens: Sequence[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for gap in range(1, SKIP + 2):
        found.update(zip(tokens, tokens[gap:], strict=False))
    return found


def _or_equal(matches: int, ours: int, theirs: int, *, equal: bool) -> tuple[PRF, bool]:
    if ours or theirs:
        return prf(matches, ours, theirs), False
    return PRF(*[float(equal)] * 3), True


def _union_matches(hypothesis: Sequence[list[str]], reference: Sequence[list[str]]) -> int:
    ours = Counter(token for line in hypothesis for token in line)
    theirs = Counter(token for line in reference for token in line)
    matches = 0
    lines = Lines(hypothesis)
    for line in reference:
        for token in (line[position] for position in lines.union_positions(line)):
            if ours[token] > 0 and theirs[token] > 0:
                ours[token] -= 1
                theirs[token] -= 1
                matches += 1
    return matches
