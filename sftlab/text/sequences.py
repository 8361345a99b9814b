"""Longest common subsequences of token sequences, bit-parallel.

Hyyrö, "Bit-parallel LCS-length computation revisited", AWOCA 2004: a row of the table is one integer, its zero bits
the columns where the length steps up.
"""

from collections.abc import Hashable, Sequence

from rapidfuzz.distance import LCSseq


def lcs_length(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    return int(LCSseq.similarity(left, right))


def lcs_positions(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[int]:
    """Positions in ``left`` of one longest common subsequence, descending.

    Of several longest ones it is that of ROUGE-1.5.5 and rouge_score: from the end backwards, matches are taken at
    once, and ``left`` is shortened before ``right``.
    """
    columns = _positions_as_bits(right)
    rows = _rows(left, columns, len(right))
    column = len(right)
    found = []
    for row in range(len(left), 0, -1):
        matches = columns.get(left[row - 1], 0) & ((1 << column) - 1)
        if matches and (matches >> (column - 1) or _steps(rows[row], column) > _steps(rows[row - 1], column)):
            column = matches.bit_length() - 1
            found.append(row - 1)
    return found


def _positions_as_bits(tokens: Sequence[Hashable]) -> dict[Hashable, int]:
    bits: dict[Hashable, int] = {}
    for position, token in enumerate(tokens):
        bits[token] = bits.get(token, 0) | 1 << position
    return bits


def _rows(left: Sequence[Hashable], columns: dict[Hashable, int], width: int) -> list[int]:
    """For each prefix of ``left`` the columns where its table row steps up, as set bits."""
    full = (1 << width) - 1
    flat = full
    rows = [0]
    for token in left:
        if matches := columns.get(token, 0):
            carried = flat & matches
            flat = ((flat + carried) | (flat - carried)) & full
        rows.append(full ^ flat)
    return rows


def _steps(row: int, column: int) -> int:
    return (row & ((1 << column) - 1)).bit_count()
