from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

api: list[URLPattern | URLResolver] = [
    path("", include("sftlab.accounts.api.urls")),
    path("", include("annotation.api.urls")),
    path("", include("training.api.urls")),
    path("", include("evaluation.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("", include("sftlab.web.urls")),
    path("accounts/", include("sftlab.accounts.ui.urls")),
    path("", include("annotation.ui.urls")),
    path("", include("training.ui.urls")),
    path("", include("evaluation.ui.urls")),
]

handler403 = "sftlab.web.views.refused"
handler404 = "sftlab.web.views.not_found"
handler500 = "sftlab.web.views.failed"
