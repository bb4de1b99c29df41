from django.urls import path

from generation.feedback import views

app_name = "loops"
urlpatterns = [
    path("", views.loop_list, name="list"),
    path("new/", views.loop_new, name="new"),
    path("<int:pk>/", views.loop_detail, name="detail"),
    path("<int:pk>/propose/", views.propose, name="propose"),
    path("<int:pk>/plans/<int:plan_pk>/approve/", views.approve, name="approve"),
    path("<int:pk>/plans/<int:plan_pk>/launch/", views.launch, name="launch"),
    path("<int:pk>/cells/<int:cell_pk>/override/", views.override, name="override"),
    path("<int:pk>/rounds/<int:number>/study/", views.attach, name="attach"),
]
