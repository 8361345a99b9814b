"""The cases: where a number was published, how it is derived here, and how far it may be off (its last digit)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import exp, sqrt
from typing import Any

from evaluation.conformance import tables
from evaluation.metrics.base import Pair
from evaluation.metrics.registry import build
from evaluation.metrics.score import Score
from evaluation.metrics.scoring import score
from sftlab.stats.agreement import agreement
from sftlab.stats.chance_corrected import fleiss_z
from sftlab.stats.ranking import Method, Ranking, rank
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.stopping import difference_error
from sftlab.stats.votes import Votes

Table = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    expected: float
    tolerance: float
    derive: Callable[[], float | None]


@dataclass(frozen=True)
class Result:
    name: str
    source: str
    expected: float
    found: float | None
    difference: float | None
    tolerance: float
    passed: bool
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def run() -> list[Result]:
    """Every case, in order. One that raises has failed, with its error."""
    return [_judged(case) for case in cases()]


def _judged(case: Case) -> Result:
    found, error = None, ""
    try:
        found = case.derive()
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    off = None if found is None else found - case.expected
    passed = off is not None and abs(off) <= case.tolerance
    return Result(case.name, case.source, case.expected, found, off, case.tolerance, passed, error)


def cases() -> Iterator[Case]:
    yield from _agreement_cases()
    yield from _ranking_cases()
    yield from _text_cases()


def _agreement_cases() -> Iterator[Case]:
    four, source = tables.FOUR_OBSERVERS, "Krippendorff 2011"
    counts = _from_counts(tables.FOURTEEN_RATERS)
    for level, value in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)):
        yield _coefficient(
            "krippendorff_alpha", f"alpha, four observers, {level}", source, value, table=four, level=Level(level)
        )
    yield _coefficient(
        "krippendorff_alpha", "alpha, two observers, binary", source, 0.095, table=tables.TWO_OBSERVERS_BINARY
    )
    yield _coefficient("krippendorff_alpha", "alpha, two observers", source, 0.692, table=tables.TWO_OBSERVERS_NOMINAL)
    yield _coefficient("gwet_ac1", "AC1, four raters", "Gwet 2014", 0.775, table=four)
    yield _coefficient("fleiss_kappa", "Fleiss' kappa, four raters", "Gwet 2014", 0.761, table=four)
    yield _coefficient("fleiss_kappa", "Fleiss' kappa, 30 patients", "Fleiss 1971", 0.430, table=tables.THIRTY_PATIENTS)
    yield _coefficient("fleiss_kappa", "Fleiss' kappa, 14 raters", "Wikipedia", 0.210, table=counts)
    crossed = [
        (row, column) for row, cells in enumerate(tables.TWO_RATERS) for column, n in enumerate(cells) for _ in range(n)
    ]
    sas, ordinal, fine = "SAS, in statsmodels", Level.ORDINAL, 0.00005
    yield _coefficient("cohen_kappa", "Cohen's kappa", sas, 0.4842, table=crossed, level=ordinal, tolerance=fine)
    yield _coefficient(
        *("cohen_kappa_linear", "Cohen's kappa, linear weights", sas, 0.4701),
        table=crossed,
        level=ordinal,
        tolerance=fine,
    )
    yield _error("cohen_kappa", "Cohen's kappa, standard error", sas, 0.1380, table=crossed, tolerance=fine)
    yield _error("gwet_ac1", "AC1, standard error", "Gwet 2014", 0.143, table=four, tolerance=0.0005)
    yield Case("Fleiss' kappa, z", "Fleiss 1971", 17.65, 0.005, _fleiss_z)
    judged = {"icc_1_1": 0.17, "icc_2_1": 0.29, "icc_3_1": 0.71, "icc_1_k": 0.44, "icc_2_k": 0.62, "icc_3_k": 0.91}
    for name, value in judged.items():
        yield _coefficient(
            name,
            name.replace("_", " "),
            "Shrout & Fleiss 1979",
            value,
            table=tables.FOUR_JUDGES,
            level=Level.INTERVAL,
            tolerance=0.005,
        )


def _coefficient(
    key: str,
    name: str,
    source: str,
    expected: float,
    *,
    table: Table,
    level: Level = Level.NOMINAL,
    tolerance: float = 0.0005,
) -> Case:
    def derive() -> float | None:
        return agreement(Ratings.from_table(table, level=level), level=level, resamples=0)[key].value

    return Case(name, source, expected, tolerance, derive)


def _error(key: str, name: str, source: str, expected: float, *, table: Table, tolerance: float) -> Case:
    def derive() -> float | None:
        ratings = Ratings.from_table(table, level=Level.NOMINAL)
        return agreement(ratings, level=Level.NOMINAL, resamples=0)[key].standard_error

    return Case(name, source, expected, tolerance, derive)


def _fleiss_z() -> float:
    return fleiss_z(Ratings.from_table(tables.THIRTY_PATIENTS, level=Level.NOMINAL))


def _ranking_cases() -> Iterator[Case]:
    published = {"Comm Statist": (-2.949, 0.103), "JASA": (-0.480, 0.061), "JRSS-B": (0.269, 0.071)}
    for journal, (value, error) in published.items():
        name, source = f"Bradley–Terry, {journal}", "Stigler 1994"
        yield Case(name, source, value, 0.0005, _citation_strength(journal))
        yield Case(f"{name}, standard error", source, error, 0.0005, _citation_error(journal))
    for player, value in zip("ABCD", (0.640, 1.043, 0.660, 2.270), strict=True):
        yield Case(f"Bradley–Terry, {player}", "Wikipedia", value, 0.0005, _player_strength(player))


def _citation_strength(journal: str) -> Callable[[], float]:
    return lambda: _strengths("journals")[journal] - _strengths("journals")["Biometrika"]


def _citation_error(journal: str) -> Callable[[], float]:
    """Of the difference from the reference. Every win stands there twice, so the variance is half of what it is."""

    def derive() -> float:
        found = _fitted("journals")
        assert found.covariance is not None
        first, second = (found.names.index(name) for name in (journal, "Biometrika"))
        return sqrt(2) * difference_error(found.covariance, first, second)

    return derive


def _player_strength(player: str) -> Callable[[], float]:
    return lambda: exp(_strengths("players")[player])


def _strengths(which: str) -> dict[str, float]:
    return {system.name: float(system.strength or 0.0) for system in _fitted(which).systems}


@cache
def _fitted(which: str) -> Ranking:
    names, wins = {
        "journals": (tables.JOURNALS, tables.CITATIONS),
        "players": (list("ABCD"), tables.FOUR_PLAYERS),
    }[which]
    return rank(_won(names, wins), method=Method.MODEL)


def _won(names: Sequence[str], wins: Sequence[Sequence[int]]) -> Votes:
    """Each win once on the left and once on the right, so that no order effect is seen."""
    pairs = [
        (names[winner], names[loser])
        for winner, row in enumerate(wins)
        for loser, count in enumerate(row)
        if winner != loser
        for _ in range(count)
    ]
    left = [winner for winner, _loser in pairs] + [loser for _winner, loser in pairs]
    right = [loser for _winner, loser in pairs] + [winner for winner, _loser in pairs]
    return Votes.from_columns(left, right, ["left"] * len(pairs) + ["right"] * len(pairs))


def _text_cases() -> Iterator[Case]:
    for tokeniser, value in (("13a", 48.53), ("none", 49.19), ("intl", 43.92)):
        yield Case(f"BLEU, {tokeniser}", "sacrebleu's test vector", value, 0.005, _bleu(tokeniser))
    rouge = "ROUGE-1.5.5"
    yield Case("ROUGE-1 precision", rouge, 0.6875, 0.00005, lambda: _rouge("rouge1").parts["precision"])
    yield Case("ROUGE-1 recall", rouge, 0.4074, 0.00005, lambda: _rouge("rouge1").parts["recall"])
    yield Case("ROUGE-1 F", rouge, 0.5116, 0.00005, lambda: _rouge("rouge1").value)
    yield Case("ROUGE-2 F", rouge, 0.3902, 0.00005, lambda: _rouge("rouge2").value)
    yield Case("ROUGE-Lsum F, two lines", "Lin 2004", 0.533, 0.0005, lambda: _lsum().value)


def _bleu(tokeniser: str) -> Callable[[], float | None]:
    def derive() -> float | None:
        rows = zip(tables.BLEU_HYPOTHESES, tables.BLEU_REFERENCES, strict=True)
        pairs = [Pair(str(n), text, references, "en") for n, (text, references) in enumerate(rows)]
        return score(pairs, [build("bleu", {"english": tokeniser})], resamples=0)[0].value

    return derive


def _rouge(name: str) -> Score:
    return score([Pair("0", tables.ROUGE_PREDICTION, (tables.ROUGE_TARGET,), "en")], [build(name)], resamples=0)[0]


def _lsum() -> Score:
    pair = Pair("0", tables.LSUM_HYPOTHESIS, (tables.LSUM_REFERENCE,), "en")
    return score([pair], [build("rougeLsum")], resamples=0)[0]


def _from_counts(table: Sequence[Sequence[int]]) -> list[list[int]]:
    return [[category for category, n in enumerate(row) for _ in range(n)] for row in table]
