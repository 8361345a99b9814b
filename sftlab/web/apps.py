from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "sftlab.web"
    label = "web"
