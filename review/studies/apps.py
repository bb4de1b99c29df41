from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "review.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.jobs.reapers import register_chore

        register_chore("studies.revive_preparations", _revive, every_s=15)
        register_chore("studies.reap_additions", _reap, every_s=10)


def _revive() -> int:
    from review.studies.services.prepare import revive_preparations

    return revive_preparations()


def _reap() -> int:
    from review.studies.services.adding.working import reap_additions

    return reap_additions()
