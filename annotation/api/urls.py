from django.urls import URLPattern, URLResolver, path

from annotation.api import items, projects, quality, review, versions, work

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", projects.ProjectsView.as_view(), name="projects"),
    path("projects/<uuid:project>/", projects.ProjectView.as_view(), name="project"),
    path("projects/<uuid:project>/members/", projects.MembersView.as_view(), name="members"),
    path("projects/<uuid:project>/members/<uuid:member>/", projects.MemberView.as_view(), name="member"),
    path("projects/<uuid:project>/members/<uuid:member>/pause/", projects.PauseView.as_view(), name="member-pause"),
    path("projects/<uuid:project>/members/<uuid:member>/lift/", projects.LiftView.as_view(), name="member-lift"),
    path("projects/<uuid:project>/guidelines/", projects.GuidelinesView.as_view(), name="guidelines"),
    path("projects/<uuid:project>/items/", items.ItemsView.as_view(), name="items"),
    path("projects/<uuid:project>/items/bulk/", quality.BulkView.as_view(), name="items-bulk"),
    path("projects/<uuid:project>/progress/", quality.ProgressView.as_view(), name="progress"),
    path("projects/<uuid:project>/agreement/", quality.AgreementView.as_view(), name="agreement"),
    path(
        "projects/<uuid:project>/agreement/history/", quality.AgreementHistoryView.as_view(), name="agreement-history"
    ),
    path("projects/<uuid:project>/people/", quality.PeopleView.as_view(), name="people"),
    path("projects/<uuid:project>/throughput/", quality.ThroughputView.as_view(), name="throughput"),
    path("projects/<uuid:project>/signals/", quality.SignalsView.as_view(), name="signals"),
    path("projects/<uuid:project>/import/", items.ImportView.as_view(), name="import"),
    path("projects/<uuid:project>/claim/", work.ClaimView.as_view(), name="claim"),
    path("projects/<uuid:project>/responses/", review.ResponsesView.as_view(), name="responses"),
    path("projects/<uuid:project>/reviews/", review.ReviewQueueView.as_view(), name="reviews"),
    path("projects/<uuid:project>/reviews/next/", review.ReviewNextView.as_view(), name="review-next"),
    path("projects/<uuid:project>/adjudications/", review.AdjudicationsView.as_view(), name="adjudications"),
    path("projects/<uuid:project>/drafts/", work.DraftsView.as_view(), name="drafts"),
    path("projects/<uuid:project>/versions/", versions.VersionsView.as_view(), name="versions"),
    path("jobs/<uuid:job>/", items.JobView.as_view(), name="job"),
    path("items/<uuid:item>/", items.ItemView.as_view(), name="item"),
    path("items/<uuid:item>/comments/", items.ItemCommentsView.as_view(), name="item-comments"),
    path("items/<uuid:item>/adjudicate/", items.AdjudicateView.as_view(), name="item-adjudicate"),
    path("assignments/<uuid:assignment>/draft/", work.DraftView.as_view(), name="assignment-draft"),
    path("assignments/<uuid:assignment>/submit/", work.SubmitView.as_view(), name="assignment-submit"),
    path("assignments/<uuid:assignment>/skip/", work.SkipView.as_view(), name="assignment-skip"),
    path("assignments/<uuid:assignment>/release/", work.ReleaseView.as_view(), name="assignment-release"),
    path("assignments/<uuid:assignment>/heartbeat/", work.HeartbeatView.as_view(), name="assignment-heartbeat"),
    path("responses/<uuid:answer>/review/", review.ReviewView.as_view(), name="response-review"),
    path("versions/<uuid:version>/", versions.VersionView.as_view(), name="version"),
    path("versions/<uuid:version>/diff/", versions.DiffView.as_view(), name="version-diff"),
    path("versions/<uuid:version>/export/", versions.ExportView.as_view(), name="version-export"),
]
