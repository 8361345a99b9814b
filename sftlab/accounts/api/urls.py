from django.urls import path

from sftlab.accounts.api import views

urlpatterns = [
    path("auth/token/", views.TokenView.as_view(), name="auth-token"),
    path("tokens/", views.TokensView.as_view(), name="tokens"),
    path("tokens/<uuid:token>/", views.TokenDetailView.as_view(), name="token"),
]
