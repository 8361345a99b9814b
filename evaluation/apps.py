from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"

    def ready(self) -> None:
        """A service whose metrics are set up wrongly does not start."""
        from evaluation.metric_settings import metric_settings

        metric_settings()
