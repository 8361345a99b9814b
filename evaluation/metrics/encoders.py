"""Local text encoders for BERTScore: loaded once a process, cut to the layer used, run in batches of equal length."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from evaluation.metrics.base import NotComputed
from evaluation.metrics.packed_bert import PackedBert, fits
from training.trainer.gguf_weights import dequantised

BATCH_TOKENS = 2048
LONGEST = 2048


@dataclass(frozen=True)
class EncoderSpec:
    """A model folder on this machine. ``baseline`` (P, R, F of unrelated texts) rescales scores as bert_score does."""

    path: str
    layer: int
    gguf_file: str | None = None
    name: str = ""
    baseline: tuple[float, float, float] | None = None
    cache: str = ""

    @property
    def folder(self) -> Path:
        """Where transformers loads from: a GGUF file is dequantised once into ``cache``."""
        if not self.gguf_file:
            return Path(self.path)
        return dequantised(Path(self.path), self.gguf_file, Path(self.cache or tempfile.gettempdir()))

    @property
    def label(self) -> str:
        return self.name or Path(self.gguf_file or self.path).name


@dataclass(frozen=True)
class Encoded:
    """Token numbers of a text, which of them are its own (not added marks), and how many the model does not know."""

    tokens: tuple[int, ...]
    own: tuple[bool, ...]
    unknown: int
    truncated: bool

    @property
    def length(self) -> int:
        return sum(self.own)


class Encoder:
    def __init__(self, spec: EncoderSpec) -> None:
        if not Path(spec.path).is_dir():
            raise NotComputed(f"There is no encoder folder {spec.path}")
        self.spec = spec
        self.tokenizer = _tokenizer(spec)
        self.model = _model(spec)
        positions = getattr(self.model.config, "max_position_embeddings", LONGEST)
        self.longest = int(min(self.tokenizer.model_max_length, positions, LONGEST))
        self.sha256 = weights_sha256(spec)
        self._packed = PackedBert(self.model) if fits(self.model) else None

    @property
    def signature(self) -> str:
        return f"{self.spec.label}@{self.sha256[:12]},layer={self.spec.layer}"

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        stripped = [self._prefixed(text.strip()) for text in texts]
        found = self.tokenizer(stripped, return_special_tokens_mask=True, verbose=False)
        return [self._limited(*row) for row in zip(found["input_ids"], found["special_tokens_mask"], strict=True)]

    def _prefixed(self, text: str) -> str:
        return f" {text}" if type(self.tokenizer).__name__.startswith("Roberta") else text

    def _limited(self, tokens: list[int], special: list[int]) -> Encoded:
        marks = [bool(mark) for mark in special]
        if not marks[:1] or not marks[0]:
            # A decoder's first position gathers attention whatever stands there: a mark takes it.
            tokens, marks = [self._first_mark(), *tokens], [True, *marks]
        truncated = len(tokens) > self.longest
        if truncated:
            closing = int(marks[-1])
            keep = self.longest - closing
            tokens, marks = (
                tokens[:keep] + tokens[len(tokens) - closing :],
                marks[:keep] + marks[len(marks) - closing :],
            )
        unknown = self.tokenizer.unk_token_id
        own = tuple(not mark or token == unknown for token, mark in zip(tokens, marks, strict=True))
        missing = sum(token == unknown for token in tokens) if self._has_unknown() else 0
        return Encoded(tuple(tokens), own, missing, truncated)

    def _has_unknown(self) -> bool:
        """Byte-level vocabularies know every text; theirs often name some end mark as the unknown token."""
        tokenizer = self.tokenizer
        return tokenizer.unk_token_id is not None and tokenizer.unk_token_id not in (
            tokenizer.bos_token_id,
            tokenizer.eos_token_id,
        )

    def _first_mark(self) -> int:
        tokenizer = self.tokenizer
        return int(next(mark for mark in (tokenizer.bos_token_id, tokenizer.eos_token_id, 0) if mark is not None))

    def embed(self, texts: Sequence[Encoded]) -> list[Any]:
        """Unit vectors of each text's tokens, marks included, as tensors (tokens, width), in the order given."""
        import torch

        found: list[Any] = [None] * len(texts)
        with torch.inference_mode():
            for batch in batches([len(text.tokens) for text in texts]):
                states = self._states([texts[place].tokens for place in batch])
                for place, part in zip(batch, states, strict=True):
                    found[place] = torch.nn.functional.normalize(part.float(), dim=-1)
        return found

    def _states(self, rows: Sequence[tuple[int, ...]]) -> Sequence[Any]:
        if self._packed is not None:
            return cast(Sequence[Any], self._packed(rows).split([len(row) for row in rows]))
        return padded_states(self.model, rows)


def padded_states(model: Any, rows: Sequence[Sequence[int]]) -> list[Any]:
    """Last hidden states of each row, right-padded together."""
    import torch

    longest = max(map(len, rows))
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    states = model(tokens, attention_mask=None if bool(mask.all()) else mask)[0]
    return [states[number, : len(row)] for number, row in enumerate(rows)]


def batches(lengths: Sequence[int], limit: int = BATCH_TOKENS) -> list[list[int]]:
    """Places sorted by length, cut so that a padded batch holds at most ``limit`` tokens."""
    found: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if found and (len(found[-1]) + 1) * lengths[place] <= limit:
            found[-1].append(place)
        else:
            found.append([place])
    return found


@cache
def load_encoder(spec: EncoderSpec) -> Encoder:
    return Encoder(spec)


@cache
def weights_sha256(spec: EncoderSpec) -> str:
    folder = Path(spec.path)
    files = [folder / spec.gguf_file] if spec.gguf_file else sorted(folder.glob("*.safetensors"))
    if not files or not all(file.is_file() for file in files):
        raise NotComputed(f"{folder} holds no safetensors or GGUF weights")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _tokenizer(spec: EncoderSpec) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(spec.folder, local_files_only=True)


def _model(spec: EncoderSpec) -> Any:
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = AutoModel.from_pretrained(spec.folder, local_files_only=True, dtype=torch.float32, use_safetensors=True)
    model = getattr(model, "encoder", model) if hasattr(model, "decoder") else model
    _cut(model, spec)
    return model.eval().requires_grad_(False)


def _cut(model: Any, spec: EncoderSpec) -> None:
    """Drops the layers above the one used; their results would be thrown away."""
    for holder, name in (("encoder", "layer"), ("transformer", "layer"), ("", "layers"), ("encoder", "block")):
        stack = getattr(model, holder, None) if holder else model
        layers = getattr(stack, name, None)
        if layers is not None:
            if not 1 <= spec.layer <= len(layers):
                raise NotComputed(f"{spec.label} has layers 1 to {len(layers)}, not {spec.layer}")
            setattr(stack, name, layers[: spec.layer])
            return
    raise NotComputed(f"{spec.label} is of a kind whose layers are not known here: {type(model).__name__}")
