"""BERTScore. Zhang et al., "BERTScore: evaluating text generation with BERT", ICLR 2020."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from math import log
from typing import Any

from evaluation.metrics.base import NO_TOKENS, Floats, MeanMetric, NotComputed, Pair, Prepared, Rows
from evaluation.metrics.encoders import Encoded, Encoder, EncoderSpec, load_encoder
from evaluation.metrics.workspace import Workspace

UNKNOWN_TOKENS = "unknown_tokens"
NO_ENCODER = "no_encoder"
TRUNCATED = "truncated"
MOST_UNKNOWN = 0.05
HELD_TOKENS = 131_072


class BertScore(MeanMetric, Prepared):
    """F1 of greedy matches: each token takes its nearest in the other text by cosine of its hidden states.

    Marks such as [CLS] may be matched but do not count, as in bert_score, whose values these are (to 1e-4). Each
    language needs an encoder of its own, named in the signature. A row of which an encoder does not know more than 5%
    of a text's tokens is refused, and so is the score when that befalls most rows.
    """

    name = "bertscore"
    columns = ("f", "precision", "recall", "unknown", "tokens", "items")

    def __init__(
        self, *, encoders: Mapping[str, Mapping[str, Any] | EncoderSpec] | None = None, idf: bool = False
    ) -> None:
        self.specs = {
            language: spec if isinstance(spec, EncoderSpec) else encoder_spec(spec)
            for language, spec in (encoders or {}).items()
        }
        self.idf = idf
        self._weights: dict[EncoderSpec, dict[int, float]] = {}
        self._documents: dict[EncoderSpec, int] = {}
        self._used: dict[str, Encoder] = {}

    def _encoder(self, pair: Pair) -> Encoder | None:
        language = pair.spoken
        spec = self.specs.get(language) or (self.specs.get("zh") if language == "mixed" else None)
        if spec is None:
            return None
        self._used[language] = load_encoder(spec)
        return self._used[language]

    def prepare(self, pairs: Iterable[Pair]) -> None:
        if not self.idf:
            return
        counts: dict[EncoderSpec, Counter[int]] = {}
        for pair in pairs:
            encoder = self._encoder(pair)
            if encoder is not None:
                known = counts.setdefault(encoder.spec, Counter())
                for text in encoder.encode([reference for reference in pair.references if reference.strip()]):
                    known.update(set(text.tokens))
                    self._documents[encoder.spec] = self._documents.get(encoder.spec, 0) + 1
        for spec, known in counts.items():
            documents = self._documents[spec]
            self._weights[spec] = {token: log((documents + 1) / (count + 1)) for token, count in known.items()}

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        rows.statistics[:, -1] = 1
        by_encoder: dict[EncoderSpec, list[int]] = {}
        for place, pair in enumerate(pairs):
            encoder = self._encoder(pair)
            if encoder is None:
                rows.reasons[place] = NO_ENCODER
            elif pair.hypothesis.strip():
                by_encoder.setdefault(encoder.spec, []).append(place)
        for spec, places in by_encoder.items():
            self._score(load_encoder(spec), pairs, places, rows)
        if pairs and all(reason == NO_ENCODER for reason in rows.reasons):
            languages = ", ".join(sorted({pair.spoken for pair in pairs}))
            raise NotComputed(f"no encoder is configured for {languages}", code=NO_ENCODER)
        return rows

    def _score(self, encoder: Encoder, pairs: Sequence[Pair], places: Sequence[int], rows: Rows) -> None:
        texts = {text: None for place in places for text in (pairs[place].hypothesis, *pairs[place].references)}
        encoded = dict(zip(texts, encoder.encode(list(texts)), strict=True))
        scored = [place for place in places if self._admit(pairs[place], encoded, rows, place)]
        for held in _groups(pairs, scored, encoded):
            wanted = list(
                {text: None for place in held for text in (pairs[place].hypothesis, *pairs[place].references)}
            )
            states = dict(zip(wanted, encoder.embed([encoded[text] for text in wanted]), strict=True))
            for place in held:
                pair = pairs[place]
                found = [
                    self._match(encoder, encoded, states, pair.hypothesis, reference) for reference in pair.references
                ]
                rows.statistics[place, :3] = [max(values) for values in zip(*found, strict=True)]

    def _admit(self, pair: Pair, encoded: Mapping[str, Encoded], rows: Rows, place: int) -> bool:
        texts = [encoded[text] for text in (pair.hypothesis, *pair.references)]
        rows.statistics[place, 3:5] = sum(text.unknown for text in texts), sum(text.length for text in texts)
        if any(text.truncated for text in texts):
            rows.flags[place].append(TRUNCATED)
        if not all(text.length for text in texts):
            rows.reasons[place] = NO_TOKENS
        elif max(text.unknown / text.length for text in texts) > MOST_UNKNOWN:
            rows.reasons[place] = UNKNOWN_TOKENS
        return rows.reasons[place] is None

    def _match(
        self,
        encoder: Encoder,
        encoded: Mapping[str, Encoded],
        states: Mapping[str, Any],
        hypothesis: str,
        reference: str,
    ) -> tuple[float, float, float]:
        """F, precision, recall."""
        nearness = states[hypothesis] @ states[reference].T
        precision = _weighted(nearness.amax(dim=1), self._weight(encoder, encoded[hypothesis]))
        recall = _weighted(nearness.amax(dim=0), self._weight(encoder, encoded[reference]))
        f = 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
        if encoder.spec.baseline is None:
            return f, precision, recall
        low = encoder.spec.baseline
        return (f - low[2]) / (1 - low[2]), (precision - low[0]) / (1 - low[0]), (recall - low[1]) / (1 - low[1])

    def _weight(self, encoder: Encoder, text: Encoded) -> list[float]:
        if not self.idf:
            return [float(own) for own in text.own]
        unseen = log(self._documents[encoder.spec] + 1)
        known = self._weights[encoder.spec]
        return [known.get(token, unseen) * own for token, own in zip(text.tokens, text.own, strict=True)]

    def refusal(self, rows: Rows) -> str | None:
        refused = sum(reason == UNKNOWN_TOKENS for reason in rows.reasons)
        if refused * 2 <= len(rows.reasons):
            return None
        return f"the encoder does not know over 5% of the tokens in {refused} of {len(rows.reasons)} rows"

    def parts(self, totals: Floats) -> dict[str, float]:
        items = max(totals[-1], 1)
        return {
            "precision": totals[1] / items,
            "recall": totals[2] / items,
            "unknown_share": totals[3] / max(totals[4], 1),
        }

    def details(self) -> dict[str, str]:
        models = ",".join(f"{language}={encoder.signature}" for language, encoder in sorted(self._used.items()))
        versions = ",".join(f"{name}-{metadata.version(name)}" for name in ("transformers", "tokenizers", "torch"))
        rescaled = any(encoder.spec.baseline for encoder in self._used.values())
        return {
            "model": models or "none",
            "idf": "yes" if self.idf else "no",
            "rescaled": "yes" if rescaled else "no",
            "lib": versions,
        }


def encoder_spec(options: Mapping[str, Any]) -> EncoderSpec:
    baseline = options.get("baseline")
    return EncoderSpec(**{**options, "baseline": tuple(baseline) if baseline else None})


def _groups(pairs: Sequence[Pair], places: Sequence[int], encoded: Mapping[str, Encoded]) -> Iterator[list[int]]:
    """Places whose texts' states are held at once; those with the same references stay together."""
    group: list[int] = []
    seen: set[str] = set()
    size = 0
    for place in sorted(places, key=lambda place: (pairs[place].references, place)):
        new = {pairs[place].hypothesis, *pairs[place].references} - seen
        size += sum(len(encoded[text].tokens) for text in new)
        if group and size > HELD_TOKENS:
            yield group
            group, seen, new = [], set(), {pairs[place].hypothesis, *pairs[place].references}
            size = sum(len(encoded[text].tokens) for text in new)
        group.append(place)
        seen |= new
    if group:
        yield group


def _weighted(nearest: Any, weights: Sequence[float]) -> float:
    total = sum(weights)
    if not total:
        return 0.0
    return float(nearest @ nearest.new_tensor(weights)) / total
