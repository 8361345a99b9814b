from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "sftlab.accounts"
    label = "accounts"

    def ready(self) -> None:
        import sftlab.accounts.openapi  # noqa: F401 - being loaded is what registers it
