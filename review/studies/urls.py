"""Addresses of the studies room; `new` and `join` are no slugs (services.build.RESERVED)."""

from django.urls import path

from review.studies.views import create, criteria, design, join, pages, people, preparation

app_name = "studies"
urlpatterns = [
    path("", pages.study_list, name="list"),
    path("new/", create.new, name="new"),
    path("join/<str:token>/", join.join, name="join"),
    path("<slug:slug>/", pages.detail, name="detail"),
    path("<slug:slug>/settings/", design.settings, name="settings"),
    path("<slug:slug>/looks/", design.looks, name="looks"),
    path("<slug:slug>/arms/", design.add_arm, name="add_arm"),
    path("<slug:slug>/arms/<slug:code>/remove/", design.remove_arm, name="remove_arm"),
    path("<slug:slug>/parts/", design.add_part, name="add_part"),
    path("<slug:slug>/parts/<int:order>/", design.change_part, name="part"),
    path("<slug:slug>/parts/<int:order>/draws/", design.set_draws, name="draws"),
    path("<slug:slug>/criteria/", criteria.criteria, name="criteria"),
    path("<slug:slug>/criteria/fork/", criteria.fork, name="fork_criteria"),
    path("<slug:slug>/criteria/sign/", criteria.sign, name="sign_criteria"),
    path("<slug:slug>/criteria/freeze/", criteria.freeze, name="freeze_criteria"),
    path("<slug:slug>/criteria/pilot/", criteria.pilot, name="pilot_criteria"),
    path("<slug:slug>/criteria/<slug:code>/edit/", criteria.change, name="criterion"),
    path("<slug:slug>/copy/", design.copy, name="copy"),
    path("<slug:slug>/prepare/", preparation.prepare, name="prepare"),
    path("<slug:slug>/progress/", preparation.progress, name="progress"),
    path("<slug:slug>/discard/", preparation.discard, name="discard"),
    path("<slug:slug>/audit/", preparation.audit, name="audit"),
    path("<slug:slug>/audit.json", preparation.audit_json, name="audit_json"),
    path("<slug:slug>/audit/override/", preparation.override, name="override"),
    path("<slug:slug>/state/<slug:verb>/", preparation.change_state, name="state"),
    path("<slug:slug>/protocol/", pages.protocol, name="protocol"),
    path("<slug:slug>/protocol.json", pages.protocol_json, name="protocol_json"),
    path("<slug:slug>/invite/", people.invite, name="invite"),
    path("<slug:slug>/invitations/<int:pk>/revoke/", people.revoke, name="revoke"),
    path("<slug:slug>/readers/<slug:code>/withdraw/", people.withdraw, name="withdraw"),
    path("<slug:slug>/amend/", people.amend, name="amend"),
    path("<slug:slug>/leave/", join.leave, name="leave"),
]
