"""Every act that trust.md 8 names leaves a row in its chain, and the whole chain verifies."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from generation.runs.services import launch_run
from review.accounts.models import User
from review.audit.models import AuditEvent
from review.audit.services import find_faults
from review.results.tokens import make_token
from review.studies import services
from review.studies.models import Membership, Study
from tests.generation.worlds import make_checkpoint
from tests.review.audit.test_chain import tamper
from tests.worlds.building import PASSWORD, add_reader, make_active, make_draft, make_user
from tests.worlds.results import unblinded

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("_own_media")]
Act = Callable[[], Any]


@pytest.fixture
def _own_media(tmp_path: Any, settings: Any) -> None:
    cache.clear()
    place = {"location": str(tmp_path / "media"), "base_url": None}
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"default": local}


def events(verb: str) -> list[tuple[str, str]]:
    """Return (chain kind, actor's address) of every event with this verb."""
    rows = AuditEvent.objects.filter(verb=verb).order_by("pk")
    return [(row.chain.split(":")[0], row.actor.email if row.actor else "") for row in rows]


def signed_in(user: User) -> Client:
    """Return a client that signed in with the password, as re-authentication asks."""
    client = Client()
    body = {"login": user.email, "password": PASSWORD}
    assert client.post("/accounts/login/", body).status_code == 302
    return client


def test_signing_in_failing_to_and_signing_out() -> None:
    user = make_user("reader")
    Client().post("/accounts/login/", {"login": user.email, "password": "wrong"})
    signed_in(user).post("/accounts/logout/")

    assert events("sign_in_failed") == [("global", "")]
    assert events("signed_in") == events("signed_out") == [("global", user.email)]


def test_a_changed_password() -> None:
    user = make_user("reader")
    client = signed_in(user)
    body = {"oldpassword": PASSWORD, "password1": PASSWORD + "!", "password2": PASSWORD + "!"}

    client.post("/accounts/password/change/", body)

    assert events("password.changed") == [("global", user.email)]
    assert PASSWORD not in str(list(AuditEvent.objects.values()))


def test_admins_made_and_unmade() -> None:
    user = make_user("reader")
    assert events("admin.granted") == []
    user.is_staff = True
    user.save()
    user.save()
    user.is_staff = False
    user.save(update_fields=["is_staff"])
    User.objects.create_superuser("root@example.org", PASSWORD)

    objects = AuditEvent.objects.filter(verb="admin.granted").values_list("object", flat=True)
    assert list(objects) == [f"accounts.user:{user.pk}", f"accounts.user:{user.pk + 1}"]
    assert len(events("admin.revoked")) == 1


def test_roles_consent_and_withdrawal() -> None:
    editor = make_user("editor", is_staff=True)
    study = make_draft(editor)
    analyst = make_user("analyst")
    services.add_member(actor=editor, study=study, user=analyst, role=Membership.Role.ANALYST)
    _, token = services.invite(actor=editor, study=study, email="new@example.org")
    seat = services.accept_invitation(token=token, password=PASSWORD, name="New")
    services.consent(seat)
    services.withdraw_reader(actor=seat.user, membership=seat, keep_data=False)
    late, _ = services.invite(actor=editor, study=study, email="late@example.org")
    services.revoke_invitation(actor=editor, invitation=late)

    mine, theirs = ("study", editor.email), ("study", "new@example.org")
    assert events("member.added") == [mine]
    assert events("invitation.made") == [mine, mine]
    assert events("invitation.revoked") == [mine]
    assert events("invitation.accepted") == [theirs]
    assert events("reader.consented") == [theirs]
    assert events("reader.withdrawn") == [theirs]


def test_protocol_changes_before_and_after_activation() -> None:
    editor = make_user("editor", is_staff=True)
    study = make_draft(editor)
    services.update_part(actor=editor, part=study.parts.first(), repeat_fraction=0.2)
    services.update_study(actor=editor, study=study, intro="Look closely.")
    add_reader(editor, study)
    active = make_active(make_user("other", is_staff=True))
    services.change_intro(
        actor=make_user("boss", is_staff=True), study=active, intro="x", reason="clearer words"
    )

    assert events("part.updated") == events("study.updated") == [("study", editor.email)]
    assert ("study", "other@example.org") in events("study.activated")
    assert events("amended: intro") == [("study", "boss@example.org")]


def test_unblinding_and_every_way_out() -> None:
    closed, snapshot = unblinded()
    client = Client()
    client.force_login(closed.editor)
    page, api = f"/results/{closed.study.slug}", f"/api/snapshots/{snapshot.uuid}"
    ways = [
        f"{page}/downloads/readings.csv",
        f"{page}/tables/plausibility.csv",
        f"{api}/readings/",
        f"{api}/readings.csv",
        f"{api}/tables/plausibility.csv",
    ]
    for count, way in enumerate(ways, 1):
        assert client.get(way).status_code == 200, way
        assert events("results.exported") == [("study", closed.editor.email)] * count, way

    assert events("results.unblinded") == events("study.unblinded")
    assert events("study.unblinded") == [("study", closed.editor.email)]


def test_protocol_and_audit_taken_out_as_files() -> None:
    editor = make_user("editor", is_staff=True)
    study = make_active(editor)
    client = signed_in(editor)

    for name, verb in (("protocol", "protocol.exported"), ("audit", "audit.exported")):
        assert client.get(f"/studies/{study.slug}/{name}.json").status_code == 200
        assert events(verb) == [("study", editor.email)]
    exported = AuditEvent.objects.get(verb="protocol.exported")
    assert exported.after == {"sha256": study.protocol_sha256}


def test_tokens_and_launches() -> None:
    admin = make_user("admin", is_staff=True)
    token = make_token(actor=admin, days=1)
    client = Client()
    client.force_login(admin)
    assert client.post(f"/results/tools/tokens/{token[:15]}/revoke/").status_code == 302
    launch_run(actor=admin, checkpoint=make_checkpoint(), counts={"BAS": 1}, seed=1)

    mine = [("global", admin.email)]
    assert events("api.token_created") == events("api.token_revoked") == mine
    assert events("run.launched") == mine
    assert token not in str(list(AuditEvent.objects.values()))


def test_any_edited_row_of_a_studys_chain_is_named() -> None:
    unblinded()
    study = Study.objects.get()
    rows = list(AuditEvent.objects.filter(chain=f"study:{study.pk}").order_by("number"))
    assert list(find_faults()) == []
    for row in rows:
        tamper(f"UPDATE audit_auditevent SET object='forged' WHERE id={row.pk}")
        assert [(f.chain, f.number) for f in find_faults()] == [(row.chain, row.number)]
        tamper(f"UPDATE audit_auditevent SET object='{row.object}' WHERE id={row.pk}")
    assert list(find_faults()) == []
