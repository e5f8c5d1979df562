"""Addresses of legal documents; criteria, guidance and questionnaires are pages and have their own."""

from django.urls import path

from criteria_pages.views import library

app_name = "criteria"

urlpatterns = [
    path("van-ban/", library.legal_documents, name="legal_documents"),
    path("van-ban/<slug:slug>/", library.legal_document, name="legal_document"),
]
