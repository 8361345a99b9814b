"""The one list of metrics: names, where their classes are, and what pages say about them.

Classes load on first use, so listing and validating names imports nothing heavy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from evaluation.metrics.base import Better, Metric
from sftlab.errors import BadInput

MODULE = "module:"


@dataclass(frozen=True)
class Listing:
    name: str
    title: str
    path: str
    better: Better = "higher"
    top: float | None = 1.0
    needs: str = ""  # "encoder", "model", "path", "permission": what must be configured
    decimals: int = 3

    def load(self) -> type[Metric]:
        module, name = self.path.split(":")
        found: type[Metric] = getattr(import_module(f"evaluation.metrics.{module}"), name)
        return found


_LISTINGS = (
    Listing("bleu", "BLEU", "bleu:Bleu", top=100.0, decimals=1),
    Listing("chrf", "chrF", "chrf:Chrf", top=100.0, decimals=1),
    Listing("chrf++", "chrF++", "chrf:ChrfPlusPlus", top=100.0, decimals=1),
    Listing("ter", "TER", "ter:Ter", better="lower", top=None, decimals=1),
    Listing("rouge1", "ROUGE-1", "rouge:Rouge1"),
    Listing("rouge2", "ROUGE-2", "rouge:Rouge2"),
    Listing("rougeL", "ROUGE-L", "rouge:RougeL"),
    Listing("rougeLsum", "ROUGE-Lsum", "rouge:RougeLsum"),
    Listing("rougeS", "ROUGE-S4", "rouge:RougeS"),
    Listing("meteor", "METEOR", "meteor:Meteor", needs="wordnet"),
    Listing("meteor_exact_stem", "METEOR (exact + stem)", "meteor:MeteorExactStem"),
    Listing("bertscore", "BERTScore", "bertscore:BertScore", needs="encoder"),
    Listing("exact_match", "Exact match", "matching:ExactMatch"),
    Listing("token_f1", "Token F1", "matching:TokenF1"),
    Listing("accuracy", "Accuracy", "classification:Accuracy"),
    Listing("precision", "Precision (macro)", "classification:Precision"),
    Listing("recall", "Recall (macro)", "classification:Recall"),
    Listing("f1", "F1 (macro)", "classification:F1"),
    Listing("distinct1", "Distinct-1", "surface:Distinct1"),
    Listing("distinct2", "Distinct-2", "surface:Distinct2"),
    Listing("repetition", "Repetition (4-grams)", "surface:Repetition", better="lower"),
    Listing("length_ratio", "Length ratio", "surface:LengthRatio", better="neither", top=None),
    Listing("language_match", "Language match", "surface:LanguageMatch"),
    Listing(
        "perplexity",
        "Perplexity of the references",
        "perplexity:Perplexity",
        better="lower",
        top=None,
        needs="model",
        decimals=1,
    ),
    Listing("bits_per_char", "Bits per character", "perplexity:BitsPerChar", better="lower", top=None, needs="model"),
    Listing("learned", "Learned regression", "learned:Learned", top=None, needs="path"),
    Listing("pass_at_k", "pass@k", "pass_at_k:PassAtK", needs="permission"),
)
METRICS: dict[str, Listing] = {listing.name: listing for listing in _LISTINGS}


def listing(name: str) -> Listing:
    if name not in METRICS:
        reason = f"There is no metric {name!r}. Known: {', '.join(METRICS)}"
        raise BadInput(reason, errors=[{"field": "metrics", "reason": reason}])
    return METRICS[name]


def build(name: str, options: Mapping[str, Any] | None = None) -> Metric:
    """The metric with its options; ``BadInput`` names those it does not know.

    ``module:FOLDER`` is an ``evaluate`` module on this machine.
    """
    try:
        if name.startswith(MODULE):
            return _local_module()(name.removeprefix(MODULE), **(options or {}))
        return listing(name).load()(**(options or {}))
    except TypeError as error:
        raise BadInput(f"{name}: {error}", errors=[{"field": f"options.{name}", "reason": str(error)}]) from error


def _local_module() -> Callable[..., Metric]:
    found: Callable[..., Metric] = import_module("evaluation.metrics.local_module").LocalModule
    return found
