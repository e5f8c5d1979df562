"""The public address at which anybody verifies a receipt."""

from django.urls import path

from submissions.views import review

app_name = "receipts"

urlpatterns = [
    path("", review.verify, name="verify"),
    path("<uuid:token>/", review.verify, name="verify_token"),
]
