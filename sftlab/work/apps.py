from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "sftlab.work"
    label = "work"
