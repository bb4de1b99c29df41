from django.urls import path

from generation.runs import views

app_name = "runs"
urlpatterns = [
    path("", views.run_list, name="list"),
    path("new/", views.launch, name="launch"),
    path("<uuid:uuid>/", views.detail, name="detail"),
    path("<uuid:uuid>/cancel/", views.cancel, name="cancel"),
]
