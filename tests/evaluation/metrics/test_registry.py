import subprocess
import sys

import pytest

from evaluation.metrics.base import Metric
from evaluation.metrics.registry import METRICS, build
from sftlab.errors import BadInput


@pytest.mark.parametrize("name", METRICS)
def test_every_listing_leads_to_its_metric(name: str) -> None:
    metric = build(name)
    assert isinstance(metric, Metric)
    assert (metric.name, metric.better) == (name, METRICS[name].better)
    assert metric.signature.startswith(f"{name}|v:")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_computes(name: str) -> None:
    assert any(kind.__doc__ for kind in METRICS[name].load().__mro__[:2])
    assert sys.modules[METRICS[name].load().__module__].__doc__


def test_unknown_names_and_options_are_bad_input() -> None:
    with pytest.raises(BadInput, match="no metric 'blue'"):
        build("blue")
    with pytest.raises(BadInput, match=r"bleu: .*tokenise"):
        build("bleu", {"tokenise": "13a"})


def test_the_list_loads_nothing_heavy() -> None:
    code = "import sys, evaluation.metrics.registry as r; r.build('bleu'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "transformers", "nltk", "sklearn", "django", "sacrebleu", "evaluate"}
