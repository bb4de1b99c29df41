from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "review.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.catalog.services.importing import reap_imports
        from review.catalog.services.uploads import sweep_uploads
        from review.catalog.storage import sweep_temporaries
        from review.jobs.reapers import register_chore

        register_chore("catalog.reap_imports", reap_imports, every_s=10)
        register_chore("catalog.sweep_uploads", sweep_uploads, every_s=3600)
        register_chore("catalog.sweep_temporaries", sweep_temporaries, every_s=3600)
