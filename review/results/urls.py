from django.urls import path

from review.results import case_views, planner, tokens, views

app_name = "results"
urlpatterns = [
    path("", views.study_list, name="list"),
    path("tools/planner/", planner.planner, name="planner"),
    path("tools/tokens/", tokens.token_page, name="tokens"),
    path("tools/tokens/<str:key>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("<slug:slug>/", views.section, name="overview"),
    path("<slug:slug>/looks/", views.looks, name="looks"),
    path("<slug:slug>/criteria-pilots/", views.pilots, name="pilots"),
    path("<slug:slug>/unblind/", views.unblind, name="unblind"),
    path("<slug:slug>/downloads/", views.download_list, name="downloads"),
    path("<slug:slug>/downloads/<str:name>", views.download, name="download"),
    path("<slug:slug>/figures/<slug:key>.svg", views.figure, {"suffix": "svg"}, name="figure_svg"),
    path("<slug:slug>/figures/<slug:key>.png", views.figure, {"suffix": "png"}, name="figure_png"),
    path("<slug:slug>/tables/<slug:key>.csv", views.table, name="table"),
    path("<slug:slug>/cases/", case_views.case_list, name="cases"),
    path(
        "<slug:slug>/cases/<int:order>/<slug:case>/image.png",
        case_views.case_image,
        name="case_image",
    ),
    path(
        "<slug:slug>/cases/<int:order>/<slug:case>/small.png",
        case_views.case_image,
        {"side": case_views.THUMB_PX},
        name="case_thumbnail",
    ),
    path("<slug:slug>/<slug:key>/", views.section, name="section"),
]
