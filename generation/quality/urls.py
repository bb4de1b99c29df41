from django.urls import path

from generation.quality import views

app_name = "quality"
urlpatterns = [
    path("<uuid:uuid>/metrics/", views.detail, name="detail"),
    path("<uuid:uuid>/metrics/new/", views.start, name="start"),
    path("<uuid:uuid>/metrics/<int:pk>.json", views.result, name="result"),
    path("<uuid:uuid>/metrics/<int:pk>/<int:number>.png", views.original, name="original"),
]
