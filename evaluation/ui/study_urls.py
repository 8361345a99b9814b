from django.urls import URLPattern, path

from evaluation.ui import rating, studies

urlpatterns: list[URLPattern] = [
    path("rate/", rating.rate_list, name="rate-list"),
    path("rate/<uuid:study>/", rating.rate, name="rate"),
    path("studies/", studies.studies, name="studies"),
    path("studies/new/", studies.new_study, name="study-new"),
    path("studies/plan/", studies.plan_study, name="study-plan"),
    path("studies/<uuid:study>/", studies.study, name="study"),
    path("studies/<uuid:study>/act/", studies.act, name="study-act"),
]
