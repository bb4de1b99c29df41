"""The page of a case hangs below its study's results, which know nothing of generators."""

from django.urls import path

from generation.feedback import provenance_api, provenance_views

app_name = "provenance"
urlpatterns = [
    path(
        "results/<slug:slug>/cases/<int:order>/<slug:case>/",
        provenance_views.case_page,
        name="case",
    ),
    path(
        "api/studies/<slug:slug>/cases/<int:order>/<slug:case>/",
        provenance_api.CaseProvenance.as_view(),
        name="api_case",
    ),
]
