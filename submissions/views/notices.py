"""What the portal has told the user, and how often it comes by mail."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from submissions.domain.notices import choose_language, choose_mail_rhythm, mail_rhythm, mark_read, unread
from submissions.enums import MailRhythm
from submissions.models import Notice


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List the user's notices, unread ones marked; all, or what the address asks for."""
    only_unread = request.GET.get("xem") == "chua-doc"
    rows = unread(request.user) if only_unread else Notice.objects.filter(user=request.user)
    page = Paginator(rows, 50).get_page(request.GET.get("trang"))
    return render(
        request,
        "submissions/workspace/notice_list.html",
        {
            "page_obj": page,
            "unread": unread(request.user).count(),
            "only_unread": only_unread,
            "rhythms": MailRhythm.choices,
            "rhythm": mail_rhythm(request.user),
            "languages": settings.WAGTAILADMIN_PERMITTED_LANGUAGES,
            "language": request.user.language,
        },
    )


@login_required
@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice as read and go to its place, or stay with the list."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    mark_read(user=request.user, pk=pk)
    if request.POST.get("viec") == "da-doc":
        return redirect("submissions:notices")
    safe = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url if notice.url and safe else "submissions:notices")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    mark_read(user=request.user)
    return redirect("submissions:notices")


@login_required
@require_POST
def choose_mails(request: HttpRequest) -> HttpResponse:
    """Choose how often notices come by mail, and in which language."""
    rhythm = request.POST.get("thu", "")
    language = request.POST.get("tieng", request.user.language)
    if rhythm in MailRhythm.values and language in dict(settings.LANGUAGES):
        choose_mail_rhythm(user=request.user, rhythm=rhythm)
        choose_language(user=request.user, language=language)
        messages.success(request, _("Your choice is stored."))
    else:
        messages.error(request, _("Choose how often mails shall come, and their language."))
    return redirect("submissions:notices")
