"""The page of the tree that chooses a release and adds words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from wagtail.admin.panels import FieldPanel
from wagtail.api import APIField
from wagtail.fields import RichTextField

from cms import clock
from cms.models import BasePage
from cms.models.pages import RICH_TEXT_FEATURES
from cms.page_forms import PageForm
from publishing.enums import ReleaseState
from publishing.exceptions import ReleaseAbsent
from publishing.models.releases import IndexRelease

ContextFunction = Callable[[Any, HttpRequest], dict[str, Any]]
_contexts: dict[type[BasePage], ContextFunction] = {}


def provide_context(model: type[BasePage], function: ContextFunction) -> None:
    """Let the views say what a page of the tree shows, so that models need not import them."""
    _contexts[model] = function


def page_context(page: BasePage, request: HttpRequest) -> dict[str, Any]:
    """Return what the views give for the page."""
    function = _contexts.get(type(page))
    return function(page, request) if function else {}


class RankingPageForm(PageForm):
    """Holds a ranking page back until citizens may see its release."""

    def clean(self) -> dict[str, Any]:
        """Publish at the release's time, never before; refuse where the release has no time yet."""
        cleaned = super().clean()
        release = cleaned.get("release")
        if release is None or release.is_public(clock.now()):
            return cleaned
        if release.state == ReleaseState.APPROVED:
            cleaned["go_live_at"] = release.publish_at
        elif self.data.get("action-publish"):
            self.add_error("release", _("This release is not approved for publication."))
        return cleaned


class RankingPage(BasePage):
    """A ranking page chooses a release and adds words. It is there for citizens only while its release is."""

    release = models.ForeignKey(IndexRelease, on_delete=models.PROTECT, related_name="pages", verbose_name=_("release"))
    intro = RichTextField(_("introduction"), blank=True, features=RICH_TEXT_FEATURES)
    intro_en = RichTextField(_("introduction in English"), blank=True, default="", features=RICH_TEXT_FEATURES)

    base_form_class = RankingPageForm
    template = "publishing/ranking_page.html"
    parent_page_types = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("release"),
        FieldPanel("intro"),
        FieldPanel("intro_en"),
    ]
    api_fields = [*BasePage.api_fields, APIField("release_slug"), APIField("intro"), APIField("intro_en")]

    class Meta:
        verbose_name = _("ranking page")
        verbose_name_plural = _("ranking pages")

    def clean(self) -> None:
        """Refuse to be live before the release is public, so that no list, search or feed can name it early."""
        super().clean()
        if self.live and self.release_id and not self.is_public_now():
            raise ValidationError({"release": _("The page cannot be public before its release is.")})

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Serve the release's ranking with the page's words; as absent before the release's time (invariant 10)."""
        if not self.is_public_now():
            raise Http404
        try:
            return super().serve(request, *args, **kwargs)
        except ReleaseAbsent as absent:
            raise Http404(str(absent.message)) from absent

    @property
    def release_slug(self) -> str:
        """The release by its address, for the content API."""
        return self.release.slug

    def is_public_now(self) -> bool:
        """Whether citizens may see the release at this moment."""
        return IndexRelease.objects.public(clock.now()).filter(pk=self.release_id).exists()

    def get_sitemap_urls(self, request: HttpRequest | None = None) -> list[dict[str, Any]]:
        """Name the page to search engines only while it is public."""
        return super().get_sitemap_urls(request) if self.is_public_now() else []

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add what the views give: the ranking of the release."""
        return {**super().get_context(request, *args, **kwargs), **page_context(self, request)}
