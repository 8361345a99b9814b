from django.urls import URLPattern, URLResolver, path

from annotation.ui import annotate, items, people, projects, quality, review, versions

app_name = "annotation"
urlpatterns: list[URLPattern | URLResolver] = [
    path("annotate/", annotate.choose, name="annotate-list"),
    path("review/", review.choose, name="review-list"),
    path("projects/", projects.index, name="projects"),
    path("projects/new/", projects.create, name="project-new"),
    path("projects/<uuid:project>/", projects.detail, name="project"),
    path("projects/<uuid:project>/settings/", projects.settings, name="settings"),
    path("projects/<uuid:project>/items/", projects.items, name="items"),
    path("projects/<uuid:project>/guidelines/", projects.guidelines, name="guidelines"),
    path("projects/<uuid:project>/import/", projects.import_file, name="import"),
    path("projects/<uuid:project>/import/<uuid:job>/", projects.import_state, name="import-state"),
    path("projects/<uuid:project>/items/act/", quality.act, name="items-act"),
    path("projects/<uuid:project>/quality/", quality.overview, name="quality"),
    path("projects/<uuid:project>/adjudicate/", quality.adjudicate, name="adjudicate"),
    path("projects/<uuid:project>/people.csv", quality.people_csv, name="people-csv"),
    path("projects/<uuid:project>/agreement.csv", quality.agreement_csv, name="agreement-csv"),
    path("projects/<uuid:project>/days.csv", quality.days_csv, name="days-csv"),
    path("projects/<uuid:project>/people/", people.index, name="people"),
    path("projects/<uuid:project>/people/<uuid:member>/", people.record_page, name="person"),
    path("projects/<uuid:project>/people/<uuid:member>/pause/", people.pause, name="person-pause"),
    path("projects/<uuid:project>/people/<uuid:member>/remove/", people.remove, name="person-remove"),
    path("projects/<uuid:project>/people/<uuid:member>/lift/", people.lift, name="person-lift"),
    path("projects/<uuid:project>/annotate/", annotate.page, name="annotate"),
    path("projects/<uuid:project>/annotate/next/", annotate.following, name="annotate-next"),
    path("projects/<uuid:project>/drafts/", annotate.drafts, name="drafts"),
    path("projects/<uuid:project>/review/", review.page, name="review"),
    path("projects/<uuid:project>/review/diff/", review.live_diff, name="review-diff"),
    path("items/<uuid:item>/", items.page, name="item"),
    path("items/<uuid:item>/comment/", items.comment, name="item-comment"),
    path("versions/<uuid:version>/", versions.page, name="version"),
]
