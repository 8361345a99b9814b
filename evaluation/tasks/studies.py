from procrastinate.contrib.django import app

from evaluation.models.studies import Study
from evaluation.services.studies import report, results


@app.task(queue="cpu", name="evaluation.refresh_study")
def refresh_study(study: str) -> None:
    results.refresh(study=Study.objects.get(uuid=study))


@app.task(queue="cpu", name="evaluation.report_study")
def report_study(study: str) -> None:
    report.make_report(study=Study.objects.get(uuid=study))


@app.periodic(cron="*/2 * * * *")
@app.task(queue="cpu", name="evaluation.refresh_studies", queueing_lock="refresh_studies")
def refresh_studies(timestamp: int) -> None:
    """Open studies with votes that no result has seen yet."""
    for study in Study.objects.filter(status=Study.Status.OPEN):
        if not results.is_fresh(study):
            results.refresh(study=study)
