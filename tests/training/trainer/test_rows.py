import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.factories.tiny_model import CHATML
from tests.training.trainer.conftest import row, uneven_rows, write_rows
from training.trainer import rows as rows_module
from training.trainer.chat import Chat
from training.trainer.errors import TrainerError
from training.trainer.records import read_file, read_records, to_messages, to_record
from training.trainer.rows import Options, join, prepare, prepared
from training.trainer.spec import DataFile

USER, ASSISTANT = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}


@pytest.fixture(scope="module")
def chat(tiny: Path) -> Chat:
    return Chat(AutoTokenizer.from_pretrained(tiny), CHATML)


@pytest.mark.parametrize(
    "shape",
    [
        {"messages": [USER, ASSISTANT]},
        {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
        {"instruction": "Q", "input": "", "output": "A"},
    ],
)
def test_the_three_shapes_give_the_same_conversation(shape: dict[str, Any]) -> None:
    assert to_messages(shape) == [USER, ASSISTANT]


def test_alpaca_input_stands_below_the_instruction() -> None:
    assert to_messages({"instruction": "Q", "input": "I", "output": "A"})[0]["content"] == "Q\nI"


def test_alpaca_system_and_history_become_turns() -> None:
    found = to_messages({"system": "S", "history": [["1", "2"]], "instruction": "Q", "output": "A"})
    assert [message["content"] for message in found] == ["S", "1", "2", "Q", "A"]


def test_difficulty_is_read_from_the_full_record() -> None:
    record = to_record({"instruction": "Q", "output": "A", "metadata": {"difficulty": "hard"}}, "1")
    assert record.difficulty == 3.0


@pytest.mark.parametrize(
    "line", ["[]", '{"messages": []}', '{"messages": [{"role": "user"}]}', '{"output": "A"}', "\\"]
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"messages": [USER, ASSISTANT]}) + "\n" + line + "\n")
    with pytest.raises(TrainerError, match=r"data\.jsonl line 2 is broken"):
        list(read_records(path))


def test_a_row_longer_than_allowed_is_left_out_and_listed(chat: Chat) -> None:
    records = [to_record(row(1, "a", "b"), "1"), to_record(row(2, "a", "b" * 100), "2")]
    found = prepare(records, chat, Options(max_length=60))
    assert found.ids == ["row-1"]
    assert found.counts()["dropped"] == {"too_long": {"count": 1, "ids": ["row-2"]}}


def test_a_row_may_be_cut_and_is_listed_too(chat: Chat) -> None:
    found = prepare([to_record(row(2, "a", "b" * 100), "2")], chat, Options(max_length=60, overlong="cut"))
    assert found.lengths.tolist() == [60]
    assert found.dropped == {"cut": ["row-2"]}


def test_a_row_whose_answer_would_be_cut_off_whole_is_left_out(chat: Chat) -> None:
    found = prepare([to_record(row(2, "a" * 100, "b"), "2")], chat, Options(max_length=60, overlong="cut"))
    assert found.dropped == {"too_long": ["row-2"]}


def test_an_answer_before_any_question_is_context_only(chat: Chat) -> None:
    bare = Chat(chat.tokenizer, "{% for m in messages %}{{ m['content'] + '<|im_end|>' }}{% endfor %}")
    found = prepare([to_record({"messages": [ASSISTANT, USER, ASSISTANT]}, "1")], bare, Options(max_length=60))
    assert found.row(0)[1].tolist() == [False, False, False, False, True, True]


def test_a_row_that_the_template_refuses_is_left_out_and_listed(chat: Chat) -> None:
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML
    rows = [row(1, "a", "b"), {"id": "s", "messages": [{"role": "system", "content": "S"}, USER, ASSISTANT]}]
    found = prepare([to_record(one, "") for one in rows], Chat(chat.tokenizer, strict), Options(max_length=200))
    assert found.ids == ["row-1"]
    assert found.dropped == {"refused_by_template": ["s"]}


def test_a_row_without_an_answer_is_left_out_and_listed(chat: Chat) -> None:
    found = prepare([to_record({"id": "q", "messages": [USER]}, "1")], chat, Options(max_length=60))
    assert found.dropped == {"no_supervised_tokens": ["q"]}


def test_prepared_rows_come_from_the_cache_the_second_time(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "train.jsonl", uneven_rows())
    file, options = DataFile("train.jsonl"), Options(max_length=500)
    first = prepared(tmp_path, file, chat, options, tmp_path / "cache")
    monkeypatch.setattr(rows_module, "prepare", None)
    again = prepared(tmp_path, file, chat, options, tmp_path / "cache")
    assert again.ids == first.ids
    np.testing.assert_array_equal(again.tokens, first.tokens)
    np.testing.assert_array_equal(again.learnt, first.learnt)


@pytest.mark.parametrize("change", ["content", "options", "template"])
def test_the_cache_is_not_used_for_anything_else(chat: Chat, tmp_path: Path, change: str) -> None:
    write_rows(tmp_path / "train.jsonl", uneven_rows())
    file = DataFile("train.jsonl")
    first = prepared(tmp_path, file, chat, Options(max_length=500), tmp_path / "cache")
    if change == "content":
        write_rows(tmp_path / "train.jsonl", uneven_rows(3))
    options = Options(max_length=60 if change == "options" else 500)
    other = Chat(chat.tokenizer, CHATML.replace("\n", " ")) if change == "template" else chat
    again = prepared(tmp_path, file, other, options, tmp_path / "cache")
    assert again.tokens.tolist() != first.tokens.tolist()


def test_joined_files_keep_their_rows(chat: Chat, tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", uneven_rows(5))
    records = read_file(tmp_path, DataFile("a.jsonl"))
    whole = prepare(records, chat, Options(max_length=500))
    halves = join([prepare(part, chat, Options(max_length=500)) for part in (records[:2], records[2:])])
    assert halves.ids == whole.ids
    assert [halves.row(i)[0].tolist() for i in range(5)] == [whole.row(i)[0].tolist() for i in range(5)]
