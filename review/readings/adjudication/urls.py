from django.urls import path

from review.readings.adjudication import views

app_name = "adjudication"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("<slug:slug>/", views.next_case, name="next"),
    path("<slug:slug>/i/<int:pk>", views.image, name="image"),
]
