"""Addresses of adopting a newer edition."""

from django.urls import path

from submissions.views import adoption

urlpatterns = [path("dot/<slug:code>/phien-ban/", adoption.round_edition, name="round_edition")]
