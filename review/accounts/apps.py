from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "review.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.accounts import checks  # noqa: F401  registers the checks
