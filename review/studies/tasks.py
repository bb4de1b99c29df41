"""Work of the `default` queue: rendering in chunks, and what is added to a running study."""

from celery import shared_task

from review.studies.services import prepare
from review.studies.services.adding import working


@shared_task(name="review.studies.tasks.render_chunk", ignore_result=True)
def render_chunk(first_case_pk: int, last_case_pk: int) -> None:
    """Render a range of cases; repeating it renders nothing twice."""
    prepare.render_chunk(first_case_pk, last_case_pk)


@shared_task(name="review.studies.tasks.prepare_addition", ignore_result=True)
def prepare_addition(addition_pk: int) -> None:
    """Render and audit what is to be added; a second delivery does nothing."""
    working.prepare_addition(addition_pk)
