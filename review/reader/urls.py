from django.urls import URLPattern, path

from review.reader import api, views

app_name = "reader"
urlpatterns: list[URLPattern] = [
    path("", views.worklist, name="worklist"),
    path("i/<uuid:public_id>", api.image, name="image"),
    path("i/<uuid:public_id>/outline", api.outline, name="outline"),
    path("i/<uuid:public_id>/gallery", api.gallery, name="gallery"),
    path("g/<uuid:public_id>", api.reference, name="reference"),
    path("<slug:slug>/", views.screen, name="screen"),
    path("<slug:slug>/consent", views.consent, name="consent"),
    path("<slug:slug>/start", views.start, name="start"),
    path("<slug:slug>/tablet", views.tablet, name="tablet"),
    path("<slug:slug>/pause", views.pause, name="pause"),
    path("<slug:slug>/resume", views.resume, name="resume"),
    path("<slug:slug>/shortcuts", views.shortcuts, name="shortcuts"),
    path("<slug:slug>/next", api.next_cases, name="next"),
    path("<slug:slug>/submit", api.submit, name="submit"),
]
