from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "sftlab.accounts"
    label = "accounts"
