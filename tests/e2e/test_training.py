"""The page of a running training, as a browser sees it."""

from django.test import Client

from generation.training.models import TrainingJob
from tests.generation.training.worlds import start
from tests.worlds.building import make_user

CURVE = [[1, 0.9], [2, 0.5], [3, 0.4]]


def test_the_loss_is_drawn_again_after_every_poll(context, page, live_server):
    admin = make_user("admin", is_staff=True)
    job = start()
    TrainingJob.objects.filter(pk=job.pk).update(
        state=TrainingJob.State.RUNNING, step=3, metrics={"stage": "training", "curve": CURVE}
    )
    client = Client()
    client.force_login(admin)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/training/{job.uuid}/")
    page.locator("#fig-loss svg.main-svg").first.wait_for()
    with page.expect_response(lambda answer: answer.url.endswith(f"/training/{job.uuid}/")):
        pass
    page.wait_for_timeout(500)
    assert page.locator("#fig-loss svg.main-svg").count() > 0
