"""Conversations as tokens: what is learnt is each assistant text and its end of turn, nothing else.

Training and serving go through the same pieces, tokenised apart at every seam of prompt and answer, so a prompt has the
same ids in both even where the tokenizer would merge across the seam.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from training.trainer.errors import TrainerError

TEMPLATES = Path(__file__).with_name("chat_templates")
Message = Mapping[str, str]


def template_names() -> list[str]:
    return sorted(path.stem for path in TEMPLATES.glob("*.jinja"))


def named_template(name: str) -> str:
    path = TEMPLATES / f"{name}.jinja"
    if name not in template_names():
        known = ", ".join(template_names())
        raise TrainerError("unknown_template", f"There is no chat template {name!r}; there are {known}.")
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Piece:
    text: str
    supervised: bool
    closes: bool = False
    """The text has no end of turn of its own: the tokenizer's end token is put after it."""


class Chat:
    """A tokenizer with one chat template."""

    def __init__(self, tokenizer: Any, template: str) -> None:
        self.tokenizer, self.template = tokenizer, template

    def encode(self, messages: Sequence[Message]) -> tuple[list[int], list[bool]]:
        """Token ids of the conversation up to its last end of turn, and which of them are learnt."""
        ids: list[int] = []
        supervised: list[bool] = []
        for piece in self.pieces(messages):
            tokens = self._tokens(piece, first=not ids)
            ids += tokens
            supervised += [piece.supervised] * len(tokens)
        return ids, supervised

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Token ids that ask for the next assistant turn."""
        done = self.pieces(messages)
        rest = self._render(messages, generation=True)
        seen = "".join(piece.text for piece in done)
        self._expect_prefix(seen, rest)
        ids: list[int] = []
        for piece in [*done, Piece(rest[len(seen) :], supervised=False)]:
            ids += self._tokens(piece, first=not ids)
        return ids

    def pieces(self, messages: Sequence[Message]) -> list[Piece]:
        """An answer that nothing was asked for, at the very start, is context for the others and not learnt."""
        pieces: list[Piece] = []
        done = ""
        for i, message in enumerate(messages):
            if message["role"] != "assistant" or i == 0:
                continue
            prompt = self._render(messages[:i], generation=True)
            whole = self._render(messages[: i + 1], generation=False)
            self._expect_prefix(done, prompt)
            self._expect_prefix(prompt, whole)
            answer = _answer(whole[len(prompt) :], message["content"])
            pieces += [Piece(prompt[len(done) :], supervised=False), self._closed(answer)]
            done = prompt + answer
        return pieces

    def text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def spans(self, ids: Sequence[int], supervised: Sequence[bool]) -> list[dict[str, Any]]:
        """The tokens as readable text; tokens that make one character together stay together."""
        spans: list[dict[str, Any]] = []
        for learnt, group in groupby(zip(ids, supervised, strict=True), key=lambda pair: pair[1]):
            held: list[int] = []
            for token, _ in group:
                held.append(token)
                text = self.tokenizer.decode(held, clean_up_tokenization_spaces=False)
                if not text.endswith("\ufffd"):
                    spans.append({"text": text, "supervised": learnt})
                    held = []
            if held:
                spans.append({"text": self.tokenizer.decode(held), "supervised": learnt})
        return spans

    @cached_property
    def stop_ids(self) -> list[int]:
        """Tokens after which an answer is over."""
        turn = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
        last = self.encode(turn)[0][-1]
        return sorted({last, self.tokenizer.eos_token_id} - {None})

    def _closed(self, answer: str) -> Piece:
        special = set(self.tokenizer.all_special_ids)
        tail = self._encode(answer[-32:])
        return Piece(answer, supervised=True, closes=not tail or tail[-1] not in special)

    def _tokens(self, piece: Piece, *, first: bool) -> list[int]:
        ids = self._encode(piece.text) if first or not self._adds_prefix else self._encode("\n" + piece.text, skip="\n")
        if first and self._adds_bos and ids[:1] != [self.tokenizer.bos_token_id]:
            ids = [self.tokenizer.bos_token_id, *ids]
        return [*ids, self.tokenizer.eos_token_id] if piece.closes else ids

    def _encode(self, text: str, skip: str = "") -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids[len(self._encode(skip)) :] if skip else ids

    @cached_property
    def _adds_bos(self) -> bool:
        bos = self.tokenizer.bos_token_id
        return bos is not None and self.tokenizer("a")["input_ids"][:1] == [bos]

    @cached_property
    def _adds_prefix(self) -> bool:
        """Tokenizers of the SentencePiece kind put a space before every text they are given."""
        return self._encode("x") != self._encode("\nx")[len(self._encode("\n")) :]

    def _render(self, messages: Sequence[Message], *, generation: bool) -> str:
        if not messages and not generation:
            return ""
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    list(messages), chat_template=self.template, tokenize=False, add_generation_prompt=generation
                )
            )
        except Exception as problem:  # a template may raise what it likes
            raise TrainerError("template", f"The chat template refuses the conversation: {problem}") from problem

    @staticmethod
    def _expect_prefix(start: str, whole: str) -> None:
        if not whole.startswith(start):
            raise TrainerError(
                "unstable_template",
                "The chat template writes an earlier turn differently once another follows, so what was learnt is not "
                "what will be asked; name another template in model.template.",
            )


def _answer(turn: str, content: str) -> str:
    """The part of a rendered turn that is learnt: the text and its end of turn, without the white space after."""
    for text in (content, content.strip()):
        at = turn.find(text)
        if at >= 0 and not turn[:at].strip():
            end = turn[at + len(text) :].rstrip()
            return turn[: at + len(text)] + end
    raise TrainerError("template", "The chat template changes the text of an assistant turn.")
