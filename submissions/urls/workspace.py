"""Addresses of the unit's workspace."""

from django.urls import path

from submissions.views import (
    evidence,
    form,
    notes,
    notices,
    reports,
    review,
    unit_appeals,
    unit_scores,
    uploads,
    workbook,
    workspace,
)

FORM = "ho-so/<int:pk>/"
LEAF = "ho-so/<int:pk>/tieu-chi/<str:code>/"

urlpatterns = [
    path("ho-so/", workspace.forms, name="forms"),
    path(FORM, workspace.overview, name="overview"),
    path(f"{FORM}linh-vuc/<str:domain>/", form.domain_page, name="domain"),
    path(f"{LEAF}luu/", form.save_answer, name="save_answer"),
    path(f"{LEAF}tu-luu/", form.autosave, name="autosave"),
    path(f"{LEAF}ben-canh/", form.leaf_side, name="leaf_side"),
    path(f"{LEAF}chep-lan-truoc/", form.copy_earlier, name="copy_earlier"),
    path(f"{LEAF}ghi-chu/", notes.leaf_notes, name="notes"),
    path(f"{FORM}ghi-chu/<int:note>/", notes.edit_note, name="note_edit"),
    path(f"{FORM}ghi-chu/<int:note>/xoa/", notes.delete_note, name="note_delete"),
    path(f"{FORM}dang-lam-viec/", notes.colleagues, name="colleagues"),
    path(f"{LEAF}minh-chung/", evidence.leaf_evidence, name="leaf_evidence"),
    path(f"{LEAF}minh-chung/tai-len/<uuid:uid>/", uploads.leaf_upload, name="leaf_upload"),
    path(f"{LEAF}minh-chung/gan/", evidence.attach, name="attach"),
    path(f"{LEAF}minh-chung/go/", evidence.detach, name="detach"),
    path(f"{FORM}bang-tinh/", workbook.workbook, name="workbook"),
    path(f"{FORM}bang-tinh/tai-ve/", workbook.download, name="workbook_download"),
    path(f"{FORM}bang-tinh/<uuid:uid>/", workbook.preview, name="workbook_preview"),
    path(f"{FORM}ra-soat/", review.review, name="review"),
    path(f"{FORM}kho-khan-kien-nghi/", review.report_texts, name="report_texts"),
    path(f"{FORM}ky-duyet/", review.sign, name="sign"),
    path(f"{FORM}rut-ky-duyet/", review.take_back, name="take_back"),
    path(f"{FORM}gui-di/", review.send_form, name="send"),
    path(f"{FORM}bao-cao.<str:kind>", reports.report, name="report"),
    path(f"{FORM}ban-ky/", review.attach_signed_report, name="scan"),
    path(f"{FORM}bien-nhan/", review.receipt, name="receipt"),
    path(f"{FORM}kien-nghi/", unit_appeals.appeals, name="unit_appeals"),
    path(f"{FORM}diem/", unit_scores.scores, name="unit_scores"),
    path("thong-bao/", notices.notices, name="notices"),
    path("thong-bao/da-doc/", notices.read_all, name="notices_read"),
    path("thong-bao/thu/", notices.choose_mails, name="notices_mail"),
    path("thong-bao/<int:pk>/", notices.open_notice, name="notice"),
    path("minh-chung/", evidence.my_libraries, name="libraries"),
    path("minh-chung/don-vi/<int:unit>/", evidence.unit_library, name="library"),
    path("minh-chung/don-vi/<int:unit>/tai-len/<uuid:uid>/", uploads.library_upload, name="library_upload"),
    path("minh-chung/<int:pk>/", evidence.document, name="document"),
    path("minh-chung/<int:pk>/xem/", evidence.evidence_view, name="evidence_view"),
    path("minh-chung/<int:pk>/phien-ban-moi/", evidence.replace, name="document_replace"),
    path("minh-chung/<int:pk>/rut/", evidence.withdraw, name="document_withdraw"),
]
