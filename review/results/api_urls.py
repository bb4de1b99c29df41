from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from review.results import api

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("studies/", api.StudyList.as_view(), name="studies"),
    path("studies/<slug:slug>/", api.StudyDetail.as_view(), name="study"),
    path("studies/<slug:slug>/looks/", api.StudyLooks.as_view(), name="looks"),
    path("studies/<slug:slug>/snapshots/", api.StudySnapshots.as_view(), name="snapshots"),
    path("snapshots/<uuid:uuid>/", api.SnapshotDetail.as_view(), name="snapshot"),
    path("snapshots/<uuid:uuid>/readings/", api.Readings.as_view(), name="readings"),
    path("snapshots/<uuid:uuid>/readings.csv", api.ReadingsCsv.as_view(), name="readings_csv"),
    path("snapshots/<uuid:uuid>/files/", api.Files.as_view(), name="files"),
    path("snapshots/<uuid:uuid>/files/<str:name>", api.File.as_view(), name="file"),
    path("snapshots/<uuid:uuid>/figures/", api.Figures.as_view(), name="figures"),
    path(
        "snapshots/<uuid:uuid>/figures/<slug:key>.svg",
        api.FigureFile.as_view(),
        {"suffix": "svg"},
        name="figure_svg",
    ),
    path(
        "snapshots/<uuid:uuid>/figures/<slug:key>.png",
        api.FigureFile.as_view(),
        {"suffix": "png"},
        name="figure_png",
    ),
    path("snapshots/<uuid:uuid>/tables/", api.Tables.as_view(), name="tables"),
    path("snapshots/<uuid:uuid>/tables/<slug:key>/", api.Table.as_view(), name="table"),
    path("snapshots/<uuid:uuid>/tables/<slug:key>.csv", api.TableCsv.as_view(), name="table_csv"),
]
