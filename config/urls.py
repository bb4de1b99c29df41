"""Every URL of the site, by room."""

from django.urls import URLPattern, URLResolver, include, path

from config.views import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("accounts/", include("review.accounts.urls")),
    path("catalog/", include("review.catalog.urls")),
    path("studies/", include("review.studies.urls")),
    path("read/", include("review.reader.urls")),
    path("adjudicate/", include("review.readings.adjudication.urls")),
    path("results/", include("review.results.urls")),
    path("api/", include("review.results.api_urls")),
    path("training/", include("generation.training.urls")),
    path("runs/", include("generation.runs.urls")),
    path("runs/", include("generation.quality.urls")),
    path("loops/", include("generation.feedback.urls")),
    path("", include("generation.feedback.provenance_urls")),
]

handler400 = "config.views.bad_request"
handler429 = "review.accounts.limits.too_many"  # allauth's own limits answer like ours
handler500 = "config.views.server_error"
