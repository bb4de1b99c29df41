from django.apps import AppConfig


class ReadingsConfig(AppConfig):
    name = "review.readings"
    label = "readings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.jobs.reapers import register_chore

        register_chore("adjudication", _fill_queues, every_s=60)


def _fill_queues() -> int:
    """Keep the adjudication queues of studies that have adjudicators up to date."""
    from review.readings.adjudication.services import fill_waiting_queues

    return fill_waiting_queues()
