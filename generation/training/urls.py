from django.urls import path

from generation.training import views

app_name = "training"
urlpatterns = [
    path("", views.training_list, name="list"),
    path("new/", views.start, name="start"),
    path("<uuid:uuid>/", views.detail, name="detail"),
    path("<uuid:uuid>/cancel/", views.cancel, name="cancel"),
]
