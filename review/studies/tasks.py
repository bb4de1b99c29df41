"""Work of the `default` queue: rendering in chunks."""

from celery import shared_task

from review.studies.services import prepare


@shared_task(name="review.studies.tasks.render_chunk", ignore_result=True)
def render_chunk(first_case_pk: int, last_case_pk: int) -> None:
    """Render a range of cases; repeating it renders nothing twice."""
    prepare.render_chunk(first_case_pk, last_case_pk)
