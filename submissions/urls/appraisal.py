"""Addresses of the secretariat's and the appraiser's desks."""

from django.urls import path

from submissions.views import (
    adjustments,
    appraisal,
    assignments,
    central_scores,
    discrepancies,
    explanations,
    finalise,
    participants,
    round_progress,
    rounds,
)

urlpatterns = [
    path("dot/", rounds.round_list, name="round_list"),
    path("dot/moi/", rounds.round_create, name="round_create"),
    path("dot/<slug:code>/", rounds.round_page, name="round_page"),
    path("dot/<slug:code>/buoc/", rounds.round_step, name="round_step"),
    path("dot/<slug:code>/tien-do/", round_progress.progress, name="round_progress"),
    path("dot/<slug:code>/tien-do/viec/", round_progress.act, name="round_progress_act"),
    path("dot/<slug:code>/tien-do/xuat/", round_progress.export, name="round_progress_export"),
    path("dot/<slug:code>/dau-moi/", round_progress.contacts, name="round_contacts"),
    path("dot/<slug:code>/don-vi/", rounds.participants, name="round_participants"),
    path("dot/<slug:code>/don-vi/<int:pk>/", participants.participant_page, name="round_participant"),
    path("dot/<slug:code>/don-vi/<int:pk>/gia-han/", participants.extend, name="round_extend"),
    path("dot/<slug:code>/don-vi/<int:pk>/tinh-trang/", participants.set_status, name="round_status"),
    path("dot/<slug:code>/don-vi/<int:pk>/tieu-chi/<str:leaf>/", discrepancies.leaf_page, name="round_leaf"),
    path("dot/<slug:code>/chenh-lech/", discrepancies.queue, name="round_discrepancies"),
    path("dot/<slug:code>/thoi-han/", rounds.deadlines, name="round_deadlines"),
    path("dot/<slug:code>/phan-cong/", assignments.assignments, name="round_assignments"),
    path("dot/<slug:code>/nhap-diem/", central_scores.central, name="round_central"),
    path("dot/<slug:code>/cong-tru/", adjustments.adjustments, name="round_adjustments"),
    path("dot/<slug:code>/chot/", finalise.finalise, name="round_finalise"),
    path("dot/<slug:code>/xuat-diem/", finalise.export, name="round_export"),
    path("giai-trinh/", explanations.request_list, name="explanations"),
    path("giai-trinh/<int:pk>/", explanations.request_page, name="explanation"),
    path("giai-trinh/<int:pk>/rut/", explanations.withdraw_request, name="explanation_withdraw"),
    path("tham-dinh/<slug:code>/<int:participant>/<str:leaf>/hoi/", explanations.ask_unit, name="explanation_ask"),
    path("tham-dinh/", appraisal.rounds, name="appraisal_rounds"),
    path("tham-dinh/<slug:code>/", appraisal.queue_page, name="appraisal_queue"),
    path("tham-dinh/<slug:code>/chap-nhan/", appraisal.accept, name="appraisal_accept"),
    path("tham-dinh/<slug:code>/<int:participant>/<str:leaf>/", appraisal.leaf_page, name="appraisal_leaf"),
]
