"""The frozen report as one HTML file that stands alone: printed, mailed, kept."""

from django.template.loader import render_to_string

from evaluation.models.studies import Study, StudyResult
from evaluation.ui.study_page import numbers_of


def report_html(study: Study, result: StudyResult) -> str:
    report = result.data["report"]
    excluded = [one for one in report["members"] if one["excluded_at"]]
    context = {
        "study": study,
        "result": result,
        "report": report,
        "excluded": excluded,
        "raters": [(one, result.data["raters"].get(one["alias"], {})) for one in report["members"]],
        "scripted": result.data["slices"]["|"]["scripted_votes"],
        "before": report["before_exclusions"],
        **numbers_of(study, result),
    }
    return render_to_string("evaluation/studies/report.html", context)
