"""Longest common subsequences of token sequences, bit-parallel.

Hyyrö, "Bit-parallel LCS-length computation revisited", AWOCA 2004: a row of the table is one integer, whose set bits
are here the columns where the length steps up.
"""

from collections.abc import Hashable, Sequence

from rapidfuzz.distance import LCSseq

Tokens = Sequence[Hashable]


def lcs_length(left: Tokens, right: Tokens) -> int:
    return int(LCSseq.similarity(left, right))


def lcs_positions(left: Tokens, right: Tokens) -> set[int]:
    """Positions in ``left`` of one longest common subsequence: see ``Lines.union_positions``."""
    return Lines([right]).union_positions(left)


class Lines:
    """Several sequences in one integer, side by side with a free bit between, which stops an addition's carry."""

    def __init__(self, lines: Sequence[Tokens]) -> None:
        self._columns: dict[Hashable, int] = {}
        self._spans: list[int] = []  # by line, its bits
        self._line: list[int] = []  # by bit, its line
        start = 0
        for number, line in enumerate(lines):
            for place, token in enumerate(line, start):
                self._columns[token] = self._columns.get(token, 0) | 1 << place
            self._spans.append(((1 << len(line)) - 1) << start)
            self._line += [number] * (len(line) + 1)
            start += len(line) + 1
        self._full = sum(self._spans)

    def union_positions(self, left: Tokens) -> set[int]:
        """Positions in ``left`` that are in its longest common subsequence with any of the lines.

        Of several longest ones it is that of ROUGE-1.5.5 and rouge_score: from the end backwards, matches are taken at
        once, and ``left`` is shortened before the line.
        """
        rows = self._rows(left)
        free = list(self._spans)  # by line, the bits before the last one taken
        found = set()
        for row in range(len(left), 0, -1):
            matches = self._columns.get(left[row - 1], 0)
            while matches:
                number = self._line[matches.bit_length() - 1]
                span = free[number]
                here = matches & span
                matches &= (self._spans[number] & -self._spans[number]) - 1
                if here and (here.bit_length() == span.bit_length() or _steps_up(rows, row, span)):
                    found.add(row - 1)
                    free[number] = span & ((1 << (here.bit_length() - 1)) - 1)
        return found

    def _rows(self, left: Tokens) -> list[int]:
        """For each prefix of ``left`` the columns where its table row steps up."""
        full = flat = self._full
        rows = [0]
        for token in left:
            if matches := self._columns.get(token, 0):
                carried = flat & matches
                flat = ((flat + carried) | (flat - carried)) & full
            rows.append(full ^ flat)
        return rows


def _steps_up(rows: Sequence[int], row: int, span: int) -> bool:
    """Whether the last token of this prefix makes the subsequence with ``span`` longer."""
    return (rows[row] & span).bit_count() > (rows[row - 1] & span).bit_count()
