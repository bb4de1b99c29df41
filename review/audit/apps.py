from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "review.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.audit.people import connect
        from review.audit.triggers import install_after_migrate

        post_migrate.connect(install_after_migrate, dispatch_uid="append_only_triggers")
        connect()
