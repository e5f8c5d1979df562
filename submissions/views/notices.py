"""What the portal has told the user."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from submissions.domain.notices import mark_read, unread
from submissions.models import Notice


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List the user's notices, unread ones marked."""
    page = Paginator(Notice.objects.filter(user=request.user), 50).get_page(request.GET.get("trang"))
    return render(
        request,
        "submissions/workspace/notice_list.html",
        {"page_obj": page, "unread": unread(request.user).count()},
    )


@login_required
@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice as read and go to its place."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    mark_read(user=request.user, pk=pk)
    safe = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url if notice.url and safe else "submissions:notices")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    mark_read(user=request.user)
    return redirect("submissions:notices")
