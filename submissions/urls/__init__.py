"""Addresses of rounds and submissions, all under /lam-viec/."""

from submissions.urls.adoption import urlpatterns as adoption_patterns
from submissions.urls.appraisal import urlpatterns as appraisal_patterns
from submissions.urls.council import urlpatterns as council_patterns
from submissions.urls.survey import urlpatterns as survey_patterns
from submissions.urls.workspace import urlpatterns as workspace_patterns

app_name = "submissions"

urlpatterns = [*workspace_patterns, *adoption_patterns, *appraisal_patterns, *council_patterns, *survey_patterns]
