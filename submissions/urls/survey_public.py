"""The respondent's addresses."""

from django.urls import path

from submissions.views import survey_public

app_name = "survey"

urlpatterns = [
    path("", survey_public.enter_code, name="enter_code"),
    path("cam-on/", survey_public.thanks, name="thanks"),
    path("phieu/<str:token>/", survey_public.answer, name="answer"),
]
