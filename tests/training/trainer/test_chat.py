"""What is learnt is exactly each assistant text and its end of turn; prompts are the same in training and serving."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests.factories.tiny_model import CHATML, make_tiny_model
from training.trainer.chat import Chat, named_template
from training.trainer.errors import TrainerError

CONVERSATION = [
    {"role": "system", "content": "Be brief. 请简短。"},
    {"role": "user", "content": "Hi! 你好 🙂"},
    {"role": "assistant", "content": "Hello there.\n\nHow are you?"},
    {"role": "user", "content": "好"},
    {"role": "assistant", "content": "再见 — bye"},
]
FAMILIES = {
    "chatml": ("<|im_end|>", ["<|im_start|>", "<|im_end|>"]),
    "llama3": ("<|eot_id|>", ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
    "mistral": ("</s>", ["[INST]", "[/INST]", "</s>"]),
    "gemma": ("<end_of_turn>", ["<start_of_turn>", "<end_of_turn>"]),
    "zephyr": ("</s>", ["</s>"]),
    "phi3": ("<|end|>", ["<|user|>", "<|assistant|>", "<|end|>"]),
    "alpaca": ("</s>", ["</s>"]),
}


def family(name: str, folder: Path) -> Chat:
    end, special = FAMILIES[name]
    made = make_tiny_model(folder / name, special=["<s>", *special], eos=end)
    return Chat(AutoTokenizer.from_pretrained(made), named_template(name))


def learnt_texts(chat: Chat, messages: list[dict[str, str]]) -> list[str]:
    """Each run of learnt tokens, decoded with its special tokens."""
    ids, learnt = chat.encode(messages)
    runs: list[list[int]] = []
    for i, (token, flag) in enumerate(zip(ids, learnt, strict=True)):
        if flag and not (i and learnt[i - 1]):
            runs.append([])
        if flag:
            runs[-1].append(token)
    return [chat.tokenizer.decode(run) for run in runs]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_learnt_tokens_are_each_answer_and_its_end_of_turn(tmp_path: Path, name: str) -> None:
    chat, end = family(name, tmp_path), FAMILIES[name][0]
    answers = [message["content"] + end for message in CONVERSATION if message["role"] == "assistant"]
    assert [text.lstrip(" ") for text in learnt_texts(chat, CONVERSATION)] == answers


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("turn", [2, 4])
def test_the_prompt_in_training_is_the_prompt_in_serving(tmp_path: Path, name: str, turn: int) -> None:
    chat = family(name, tmp_path)
    served = chat.prompt(CONVERSATION[:turn])
    trained, learnt = chat.encode(CONVERSATION[: turn + 1])
    assert trained[: len(served)] == served
    assert learnt[len(served)]
    assert not learnt[len(served) - 1]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_serving_prompt_is_what_transformers_would_make(tmp_path: Path, name: str) -> None:
    chat = family(name, tmp_path)
    usual = chat.tokenizer.apply_chat_template(
        CONVERSATION[:4], chat_template=chat.template, add_generation_prompt=True, return_dict=True
    )
    assert chat.prompt(CONVERSATION[:4]) == usual["input_ids"]


@pytest.mark.parametrize("name", ["llama3", "mistral", "gemma"])
def test_there_is_exactly_one_bos(tmp_path: Path, name: str) -> None:
    chat = family(name, tmp_path)
    bos = chat.tokenizer.bos_token_id
    ids, _ = chat.encode(CONVERSATION)
    assert ids[0] == bos
    assert ids.count(bos) == 1


def test_a_tokenizer_that_adds_bos_by_itself_gets_one_where_the_template_has_none(tmp_path: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    chat = family("zephyr", tmp_path)
    bos = chat.tokenizer.bos_token_id
    chat.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    ids, _ = chat.encode(CONVERSATION)
    assert ids[0] == bos
    assert ids.count(bos) == 1
    assert chat.prompt(CONVERSATION[:2])[0] == bos


def test_tokens_never_reach_across_the_seam_of_prompt_and_answer(tmp_path: Path) -> None:
    """The tokenizer has a token for a line feed and an H, which is what the seam looks like."""
    made = make_tiny_model(tmp_path / "merging", merges=[("Ċ", "H")])
    chat = Chat(AutoTokenizer.from_pretrained(made), CHATML)
    messages = [{"role": "user", "content": "x\nH"}, {"role": "assistant", "content": "Hello"}]
    merged = chat.tokenizer.convert_tokens_to_ids("ĊH")
    ids, learnt = chat.encode(messages)
    assert merged in chat.tokenizer("assistant\nHello")["input_ids"]
    assert ids.count(merged) == 1
    assert learnt_texts(chat, messages) == ["Hello<|im_end|>"]
    assert ids[: learnt.index(True)] == chat.prompt(messages[:1])


def test_a_tokenizer_that_puts_a_space_before_each_text_adds_none_at_a_seam(tmp_path: Path) -> None:
    from tokenizers import pre_tokenizers

    chat = family("chatml", tmp_path)
    chat.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    assert learnt_texts(chat, CONVERSATION[:3]) == ["Hello there.\n\nHow are you?<|im_end|>"]


def test_a_template_without_end_of_turn_is_closed_by_the_end_token(tmp_path: Path) -> None:
    bare = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    bare += "{% if add_generation_prompt %}assistant: {% endif %}"
    chat = Chat(family("chatml", tmp_path).tokenizer, bare)
    assert learnt_texts(chat, CONVERSATION) == [
        "Hello there.\n\nHow are you?<|im_end|>",
        "再见 — bye<|im_end|>",
    ]


def test_a_template_that_rewrites_earlier_turns_is_refused(tmp_path: Path) -> None:
    forgetful = (
        "{% for m in messages %}{% if loop.last or m['role'] == 'user' %}{{ m['content'] + '<|im_end|>' }}{% endif %}"
    )
    chat = Chat(family("chatml", tmp_path).tokenizer, forgetful + "{% endfor %}")
    with pytest.raises(TrainerError, match="name another template"):
        chat.encode(CONVERSATION)


def test_the_coloured_tokens_spell_the_conversation(tmp_path: Path) -> None:
    chat = family("chatml", tmp_path)
    ids, learnt = chat.encode(CONVERSATION)
    spans = chat.spans(ids, learnt)
    assert "".join(span["text"] for span in spans) == chat.tokenizer.decode(ids)
    assert "".join(span["text"] for span in spans if span["supervised"]).count("你") == 0
    assert {"text": "再", "supervised": True} in spans


def test_an_unknown_template_name_lists_the_known_ones() -> None:
    with pytest.raises(TrainerError, match="chatml, gemma, llama3"):
        named_template("lama")
