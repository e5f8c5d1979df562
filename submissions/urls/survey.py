"""Addresses of the survey in the workspace."""

from django.urls import path

from submissions.views import survey_desk, survey_groups, survey_letters, survey_lists, survey_rules, survey_texts

LIST = "danh-sach-khao-sat/<int:pk>/"
DESK = "khao-sat/<int:pk>/"

urlpatterns = [
    path("danh-sach-khao-sat/", survey_lists.my_lists, name="survey_lists"),
    path(LIST, survey_lists.list_page, name="survey_list"),
    path(f"{LIST}them/", survey_lists.add_person, name="survey_add_person"),
    path(f"{LIST}bot/", survey_lists.remove_person, name="survey_remove_person"),
    path(f"{LIST}mau/", survey_lists.template, name="survey_template"),
    path(f"{LIST}tai-len/", survey_lists.upload, name="survey_upload"),
    path(f"{LIST}gui/", survey_lists.send, name="survey_send_list"),
    path(f"{LIST}dau-moi/", survey_lists.contact, name="survey_contact"),
    path("khao-sat/", survey_desk.survey_list, name="surveys"),
    path("khao-sat/moi/", survey_desk.create, name="survey_create"),
    path(DESK, survey_desk.desk, name="survey_desk"),
    path(f"{DESK}buoc/", survey_desk.step, name="survey_step"),
    path(f"{DESK}quy-tac/", survey_rules.change, name="survey_rules"),
    path(f"{DESK}thu/", survey_letters.letter_list, name="survey_letters"),
    path(f"{DESK}thu/in/", survey_letters.print_letters, name="survey_print"),
    path(f"{DESK}thu/in/<int:printed>.pdf", survey_letters.printed_file, name="survey_printed"),
    path(f"{DESK}thu/<int:invitation>/", survey_letters.letter, name="survey_letter"),
    path(f"{DESK}y-kien/", survey_texts.text_list, name="survey_texts"),
    path(f"{DESK}y-kien/<uuid:text>/", survey_texts.change_text, name="survey_text"),
    path(f"{DESK}bao-cao.<slug:kind>", survey_desk.report_file, name="survey_report"),
    path(f"{DESK}nhom/<int:group>/", survey_groups.change, name="survey_group"),
    path(f"{DESK}nhom/<int:group>/phieu/", survey_groups.questionnaire, name="survey_questionnaire"),
    path(f"{DESK}nhom/them/", survey_groups.add, name="survey_group_add"),
    path(f"{DESK}nhom/<int:group>/bo/", survey_groups.remove, name="survey_group_remove"),
    path(f"{DESK}danh-sach/<int:list_pk>/", survey_desk.review_list, name="survey_review_list"),
    path(f"{DESK}dau-hieu/<int:incident>/", survey_desk.review_incident, name="survey_review_incident"),
]
