"""Addresses of releases, units and plans, and of the desks that make them. Mounted at the root, in both languages."""

from django.urls import path

from publishing.views import (
    compare,
    criteria,
    desk,
    downloads,
    open_data,
    open_data_page,
    plan_desk,
    plans,
    ranking,
    releases,
    rounds_below,
    survey,
    units,
)

app_name = "publishing"

urlpatterns = [
    path("ket-qua/", releases.release_index, name="releases"),
    path("ket-qua/dinh-chinh/", releases.corrections, name="corrections"),
    path("ket-qua/tin.atom", open_data.feed, name="feed"),
    path("ket-qua/danh-muc.jsonld", open_data.catalogue_json, name="catalogue_json"),
    path("ket-qua/danh-muc.ttl", open_data.catalogue_turtle, name="catalogue_turtle"),
    path("ket-qua/<slug:slug>/", ranking.ranking, name="ranking"),
    path("ket-qua/<slug:slug>/don-vi/<slug:unit_code>/", units.unit, name="unit"),
    path("ket-qua/<slug:slug>/tieu-chi/<str:code>/", criteria.criterion, name="criterion"),
    path("ket-qua/<slug:slug>/so-sanh/", compare.compare, name="compare"),
    path("ket-qua/<slug:slug>/phuong-phap/", releases.methodology, name="methodology"),
    path("ket-qua/<slug:slug>/dieu-tra/", survey.survey, name="survey"),
    path("ket-qua/<slug:slug>/du-lieu/", downloads.data_page, name="data"),
    path("ket-qua/<slug:slug>/tai-ve/<str:name>", downloads.download, name="download"),
    path("du-lieu-mo/", open_data_page.open_data, name="open_data"),
    path("don-vi/<slug:unit_code>/", units.unit_latest, name="unit_latest"),
    path("don-vi/<slug:unit_code>/lich.ics", plans.unit_calendar, name="unit_calendar"),
    path("lam-viec/cong-bo/", desk.desk, name="desk"),
    path("lam-viec/cong-bo/ky/<slug:code>/", desk.build, name="desk_build"),
    path("lam-viec/dot/<slug:code>/cap-duoi/", rounds_below.rounds_below, name="rounds_below"),
    path("lam-viec/dot/<slug:code>/cap-duoi/tai-ve/", rounds_below.export, name="rounds_below_export"),
    path("lam-viec/cong-bo/<int:pk>/", desk.release_page, name="desk_release"),
    path("lam-viec/cong-bo/<int:pk>/phe-duyet/", desk.approve, name="desk_approve"),
    path("lam-viec/cong-bo/<int:pk>/tra-lai/", desk.send_back, name="desk_return"),
    path("lam-viec/cong-bo/<int:pk>/thu-hoi/", desk.withdraw, name="desk_withdraw"),
    path("lam-viec/cong-bo/<int:pk>/dinh-chinh/", desk.correct, name="desk_correct"),
    path("lam-viec/cong-bo/<int:pk>/huy/", desk.discard, name="desk_discard"),
    path("lam-viec/cong-bo/<int:pk>/luu-tru/", desk.archive, name="desk_archive"),
    path("lam-viec/cong-bo/<int:pk>/bao-cao/", desk.summary, name="desk_summary"),
    path("lam-viec/cong-bo/<int:pk>/kiem-tra/", desk.verify, name="desk_verify"),
    path("lam-viec/nhiem-vu-ke-hoach/", plan_desk.my_tasks, name="my_tasks"),
    path("lam-viec/nhiem-vu-ke-hoach/<int:pk>/", plan_desk.report, name="report_progress"),
    path("ke-hoach-nam/<int:pk>/lich.ics", plans.plan_calendar, name="plan_calendar"),
]
