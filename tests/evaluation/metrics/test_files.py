from pathlib import Path

import pytest

from evaluation.metrics.base import Pair
from evaluation.metrics.files import pairs_from_jsonl, pairs_from_lines
from sftlab.errors import BadInput


def test_rows_of_jsonl_with_one_or_several_references(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"hypothesis": "a", "reference": "b"}\n\n{"id": 7, "hypothesis": "", "references": ["c", "d"]}\n')
    assert list(pairs_from_jsonl(file, "zh")) == [Pair("1", "a", ("b",), "zh"), Pair("7", "", ("c", "d"), "zh")]


@pytest.mark.parametrize("row", ["{", "[]", '{"reference": "b"}', '{"hypothesis": 1, "references": ["b"]}'])
def test_a_bad_row_is_named_by_its_line(row: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(f'{{"hypothesis": "a", "references": ["b"]}}\n{row}\n')
    with pytest.raises(BadInput, match=r"pairs\.jsonl:2"):
        list(pairs_from_jsonl(file))


def test_lines_are_aligned_and_line_separators_inside_texts_stay(tmp_path: Path) -> None:
    for name, text in (("hyp", "a\u2028b\n\n"), ("ref", "c\nd"), ("ref2", "e\nf\n")):
        (tmp_path / name).write_text(text)
    found = pairs_from_lines(tmp_path / "hyp", [tmp_path / "ref", tmp_path / "ref2"], "en")
    assert list(found) == [Pair("1", "a\u2028b", ("c", "e"), "en"), Pair("2", "", ("d", "f"), "en")]


def test_files_of_unequal_length_are_refused(tmp_path: Path) -> None:
    (tmp_path / "hyp").write_text("a\nb\n")
    (tmp_path / "ref").write_text("a\n")
    with pytest.raises(BadInput, match="1 lines, but hyp has 2"):
        list(pairs_from_lines(tmp_path / "hyp", [tmp_path / "ref"]))
