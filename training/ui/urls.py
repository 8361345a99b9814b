from django.urls import URLPattern, URLResolver, path

from training.ui import views

app_name = "training"
urlpatterns: list[URLPattern | URLResolver] = [
    path("models/", views.model_list, name="models"),
    path("models/new/", views.model_new, name="model-new"),
    path("models/<uuid:id>/", views.model_detail, name="model"),
    path("runs/", views.run_list, name="runs"),
    path("runs/new/", views.run_new, name="run-new"),
    path("runs/compare/", views.compare, name="compare"),
    path("runs/compare/charts/<slug:name>/", views.compare_chart, name="compare-chart"),
    path("runs/preflights/<uuid:id>/", views.preflight_detail, name="preflight"),
    path("runs/preflights/<uuid:id>/start/", views.preflight_start, name="preflight-start"),
    path("runs/<uuid:id>/", views.run_detail, name="run"),
    path("runs/<uuid:id>/charts/<slug:name>/", views.run_chart, name="run-chart"),
    path("runs/<uuid:id>/cancel/", views.run_cancel, name="run-cancel"),
    path("runs/<uuid:id>/resume/", views.run_resume, name="run-resume"),
]
