import pytest

from annotation.rows import RowFault, parse


def test_a_full_record():
    row = parse({"id": 7, "instruction": "I", "input": "x", "output": "o", "metadata": {"category": "c"}}, kind="write")
    assert (row.source_id, row.messages, row.input, row.output) == ("7", [{"role": "user", "content": "I"}], "x", "o")
    assert row.metadata == {"category": "c", "language": "en"}


@pytest.mark.parametrize("raw", [
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    {"instruction": "Hi", "output": "Hello"},
])  # fmt: skip
def test_all_shapes_are_the_same_row(raw):
    row = parse(raw, kind="write")
    assert (row.messages, row.output) == ([{"role": "user", "content": "Hi"}], "Hello")


def test_a_conversation_may_wait_for_its_answer():
    turns = [{"from": "system", "value": "S"}, {"from": "human", "value": "你好，请介绍一下自己"}]
    row = parse({"conversations": turns}, kind="write")
    assert (row.output, row.metadata["language"]) == ("", "zh")


@pytest.mark.parametrize(("raw", "field"), [
    ([], ""), ({}, "instruction"), ({"instruction": " "}, "instruction"), ({"instruction": "x", "input": 3}, "input"),
    ({"instruction": "x\x07"}, "instruction"), ({"instruction": "x", "metadata": []}, "metadata"),
    ({"conversations": [{"from": "gpt", "value": "x"}]}, "conversations"),
    ({"conversations": [{"from": "dog", "value": "x"}]}, "conversations[0].from"),
    ({"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}, "messages"),
    ({"instruction": "x", "priority": "high"}, "priority"),
    ({"instruction": "x", "gold": {"scorer": "?"}}, "gold.scorer"),
    ({"instruction": "x", "gold": {"scorer": "ratings", "expected": {"a": 1}}}, "gold.scorer"),
])  # fmt: skip
def test_a_faulty_row_names_the_field(raw, field):
    with pytest.raises(RowFault) as fault:
        parse(raw, kind="write")
    assert fault.value.field == field


def test_the_output_counts_for_duplicates_only_where_it_is_rated():
    first, second = (parse({"instruction": "x", "output": text}, kind="write") for text in ("a", "b"))
    assert first.sha256(with_output=False) == second.sha256(with_output=False)
    assert first.sha256(with_output=True) != second.sha256(with_output=True)
