"""People: who they are, their roles, and stopping them. Changes are proposed where that takes two."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import granting
from accounts.four_eyes import REASON_MAX, FourEyesError, is_needed
from accounts.invitations import open_invitations
from accounts.models import RoleGrant, User
from accounts.policy import may
from accounts.roles import Role
from accounts.sign_in.second_factor import is_enrolled, take_away
from accounts.step_up import require_fresh
from portal.pages.guard import StaffRequest, page
from portal.pages.people.forms import RoleForm
from portal.pages.people.queries import list_people, people_of
from portal.pages.proposals.queries import proposals_for


@require_safe
@page("user.view")
def people(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    found, more = list_people(text)
    context = {
        "here": "people",
        "people": found,
        "more": more,
        "text": text,
        "proposals": [row for row in proposals_for(request.user)[0] if row.proposal.subject_type == "user"],
    }
    return render(request, "people.html", context)


@require_safe
@page("user.view")
def person(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """One person, with what may be changed about them."""
    user = _person(user_id)
    changes = may(request.user, "role.propose") and user.pk != request.user.pk
    context = {
        "here": "people",
        "current": "true",
        "person": people_of([user])[0],
        "proposals": proposals_for(request.user, subject_id=user.pk)[0],
        "form": RoleForm(reader=request.user) if changes else None,
        "duties": list(Role),
        "may_stop": may(request.user, "user.disable") and user.pk != request.user.pk,
        "is_oneself": user.pk == request.user.pk,
        "takes_two": is_needed("role.change"),
        "is_alone": is_needed("role.change") and _others_who_approve(request.user) == 0,
        "reason_max": REASON_MAX,
        "has_second_factor": is_enrolled(user),
        "invitation": open_invitations().filter(user=user).first(),
        "may_reset": may(request.user, "user.reset_second_factor") and user.pk != request.user.pk,
    }
    return render(request, "person.html", context)


def _changing(action: str) -> Callable:
    """A view that changes something about a person, says how it went, and goes back to them. The second
    factor is asked for anew."""

    def decorate(do: Callable[[StaffRequest, User], str]) -> Callable[..., HttpResponse]:
        def view(request: StaffRequest, user_id: UUID) -> HttpResponse:
            require_fresh(request)
            user = _person(user_id)
            try:
                messages.success(request, do(request, user))
            except FourEyesError as refused:
                messages.error(request, str(refused))
            return redirect("person-detail", user_id=user.pk)

        view.__name__, view.__doc__ = do.__name__, do.__doc__
        return require_POST(page(action)(view))

    return decorate


@_changing("role.propose")
def change_role(request: StaffRequest, user: User) -> str:
    """Give a role or take it away; proposed where that takes two."""
    gives = request.POST.get("change") != "take"
    form = RoleForm(request.POST, reader=request.user)
    if gives and not form.is_valid():
        raise granting.CannotChange(_("Choose a role, and say why. Nothing was changed."))
    what: dict[str, Any] = {
        "user": user,
        "role": request.POST.get("role", ""),
        # A role may be held for a merchant that is not offered any more.
        "merchant_uid": request.POST.get("merchant") or None,
        "gives": gives,
        "reason": request.POST.get("reason", ""),
        "actor": request.user,
    }
    if is_needed("role.change"):
        granting.propose_role(**what)
        return _("Proposed. Another administrator has to approve it.")
    granting.change_role(**what)
    return _("Changed. They sign in anew, and it holds from then on.")


@_changing("user.reset_second_factor")
def reset_second_factor(request: StaffRequest, user: User) -> str:
    """Take away a second factor that was lost."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise granting.CannotChange(_("Say how you know that it is them who ask. Nothing was changed."))
    take_away(user, actor=request.user, reason=reason)
    return _("Taken away. They enrol another when they next sign in.")


@_changing("user.disable")
def stop(request: StaffRequest, user: User) -> str:
    """Stop a person at once."""
    granting.disable(user=user, reason=request.POST.get("reason", ""), actor=request.user)
    return _("Stopped: their next request is refused.")


@_changing("role.propose")
def start(request: StaffRequest, user: User) -> str:
    """Let a stopped person work again; proposed where that takes two."""
    reason = request.POST.get("reason", "")
    if is_needed("role.change"):
        granting.propose_enabling(user=user, reason=reason, actor=request.user)
        return _("Proposed. Another administrator has to approve it.")
    granting.enable(user=user, reason=reason, actor=request.user)
    return _("They can sign in again.")


def _person(user_id: UUID) -> User:
    return get_object_or_404(User.objects.filter(is_machine=False), pk=user_id)


def _others_who_approve(user: User) -> int:
    administrators = RoleGrant.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True)
    return administrators.exclude(user=user).count()
