from django.contrib.auth.views import LogoutView
from django.urls import path

from sftlab.accounts.ui import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("profile/", views.profile, name="profile"),
    path("profile/tokens/<uuid:token>/revoke/", views.revoke, name="revoke"),
    path("people/", views.people, name="people"),
]
