"""Addresses of the council room."""

from django.urls import path

from submissions.views import council, council_desk, council_motions

SESSION = "hoi-dong/<int:pk>/"
ITEM = f"{SESSION}muc/<int:item>/"

urlpatterns = [
    path("dot/<slug:code>/hoi-dong/", council_desk.council, name="round_council"),
    path("hoi-dong/", council.session_list, name="council_sessions"),
    path(SESSION, council.session_page, name="council_session"),
    path(f"{SESSION}ke-hoach/", council_desk.plan, name="council_plan"),
    path(f"{SESSION}buoc/", council_desk.step, name="council_step"),
    path(f"{SESSION}thanh-vien/", council_desk.members, name="council_members"),
    path(f"{SESSION}chuong-trinh/", council_desk.agenda, name="council_agenda"),
    path(ITEM, council.item_page, name="council_item"),
    path(f"{ITEM}viec/", council_desk.item_act, name="council_item_act"),
    path(f"{ITEM}de-nghi/", council_motions.put, name="council_put"),
    path(f"{SESSION}bieu-quyet/<int:motion>/", council.vote, name="council_vote"),
    path(f"{SESSION}ket-qua/<int:motion>/", council_motions.result, name="council_result"),
    path(f"{SESSION}thong-qua/", council_motions.rest, name="council_rest"),
    path(f"{SESSION}chieu/", council.screen, name="council_screen"),
    path(f"{SESSION}bien-ban/", council.minutes_page, name="council_minutes"),
    path(f"{SESSION}ket-thuc/", council_motions.close, name="council_close"),
    path(f"{SESSION}bien-ban/<str:kind>/", council.minutes_file, name="council_file"),
]
