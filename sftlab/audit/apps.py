from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "sftlab.audit"
    label = "audit"
