from training.models.attempts import Attempt, Device, Metric
from training.models.language_models import LanguageModel
from training.models.preflights import Preflight
from training.models.runs import Run, RunDataset

__all__ = ["Attempt", "Device", "LanguageModel", "Metric", "Preflight", "Run", "RunDataset"]
