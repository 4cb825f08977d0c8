"""Is this process alive? For load balancers and supervisors; asks neither database nor exchange."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@login_not_required
@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 and `ok` as plain text, to anybody."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
