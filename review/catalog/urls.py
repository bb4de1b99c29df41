"""URLs of the catalogue, all for admins."""

from django.urls import URLPattern, path

from review.catalog import views

app_name = "catalog"
urlpatterns: list[URLPattern] = [
    path("", views.pools, name="pools"),
    path("upload/", views.upload, name="upload"),
    path("pools/<uuid:uuid>/", views.pool, name="pool"),
    path("imports/<int:pk>/", views.import_status, name="import_status"),
    path("images/<uuid:uuid>/thumbnail/", views.thumbnail, name="thumbnail"),
    path("domains/", views.domains, name="domains"),
    path("domains/<slug:code>/", views.domain, name="domain"),
]
