"""The frozen report as one HTML file that stands alone: printed, mailed, kept."""

from datetime import datetime

from django.template.loader import render_to_string

from evaluation.models.studies import Study, StudyMember, StudyResult
from evaluation.ui.study_page import likert_of, numbers_of, severity_of


def report_html(study: Study, result: StudyResult) -> str:
    report = result.data["report"]
    before = report["before_exclusions"]
    decided = report.get("exclusions", {})
    context = {
        "study": study,
        "result": result,
        "report": report,
        "systems": report["study"]["systems"],
        "closed": datetime.fromisoformat(report["study"]["closed_at"]),
        "standings": dict(StudyMember.Standing.choices),
        "excluded": [
            (one, datetime.fromisoformat(one["excluded_at"]), decided.get(one["alias"]))
            for one in report["members"]
            if one["excluded_at"]
        ],
        "raters": [(one, result.data["raters"].get(one["alias"], {})) for one in report["members"]],
        "scripted": result.data["slices"]["|"]["scripted_votes"],
        "before": before,
        "before_likert": likert_of(study, before["likert"]) if before else [],
        "severity": severity_of(study, result, names={}),
        **numbers_of(study, result),
    }
    return render_to_string("evaluation/studies/report.html", context)
