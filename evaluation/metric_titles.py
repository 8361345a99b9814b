"""Metrics' names on pages: proper names stay, words are in the reader's language."""

from django.utils.translation import gettext_lazy, pgettext_lazy

from evaluation.metrics.registry import METRICS

WORDS = {
    "meteor_exact_stem": gettext_lazy("METEOR (exact + stem)"),
    "exact_match": gettext_lazy("Exact match"),
    "token_f1": gettext_lazy("Token F1"),
    "accuracy": pgettext_lazy("metric", "Accuracy"),
    "precision": gettext_lazy("Precision (macro)"),
    "recall": gettext_lazy("Recall (macro)"),
    "f1": gettext_lazy("F1 (macro)"),
    "repetition": gettext_lazy("Repetition (4-grams)"),
    "length_ratio": gettext_lazy("Length ratio"),
    "language_match": gettext_lazy("Language match"),
    "perplexity": gettext_lazy("Perplexity of the references"),
    "bits_per_char": gettext_lazy("Bits per character"),
    "learned": gettext_lazy("Learned regression"),
}


def title_of(metric: str) -> str:
    if metric in WORDS:
        return str(WORDS[metric])
    return METRICS[metric].title if metric in METRICS else metric
