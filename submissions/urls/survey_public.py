"""The respondent's addresses."""

from django.urls import path

from submissions.views import survey_open, survey_public

app_name = "survey"

urlpatterns = [
    path("", survey_public.enter_code, name="enter_code"),
    path("cam-on/", survey_public.thanks, name="thanks"),
    path("cong-khai/<int:group>/", survey_open.choose_unit, name="open_units"),
    path("cong-khai/<int:group>/<slug:unit>/", survey_open.answer_openly, name="open_answer"),
    path("phieu/<str:token>/", survey_public.answer, name="answer"),
]
