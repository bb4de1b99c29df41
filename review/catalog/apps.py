from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "review.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.catalog.services.importing import reap_imports
        from review.jobs.reapers import register_chore

        register_chore("catalog.reap_imports", reap_imports, every_s=10)
