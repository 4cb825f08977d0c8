"""Django's own admin, for configuration alone: what is set about merchants. Work itself is done on the staff
pages, and so is who works here: `portal.pages.people`."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.masking import changes
from accounts.models import User
from accounts.policy import may
from customers.models import Merchant

admin.site.site_header = admin.site.site_title = _("Onboarding portal: configuration")
admin.site.index_title = _("Configuration")
admin.site.site_url = "/"
# Rights come by role and merchant, not by Django's groups; a person has the one address they sign in with.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
# Whoever lost their second factor has it taken away by `reset_second_factor`; nobody looks at what it holds.
admin.site.unregister(Authenticator)


@admin.register(Merchant)
class MerchantAdmin(admin.ModelAdmin):
    """Merchants are pulled from the exchange; here only what is set about them. Whom to talk to stands on
    their own page."""

    list_display = ("uid", "name", "exchange_state", "pulled_at")
    search_fields = ("uid", "name")
    readonly_fields = ("uid", "is_self", "name", "exchange_state", "pulled_at", "created_at")
    fields = (*readonly_fields, "settings")
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column is asked about by the address: a pattern of regular expressions would be a fault of the
        database's, and a slow one a way to keep it busy."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "merchant.configure")

    def has_view_permission(self, request: HttpRequest, obj: Merchant | None = None) -> bool:
        return may(request.user, "merchant.configure", obj.uid if obj else None)

    def has_change_permission(self, request: HttpRequest, obj: Merchant | None = None) -> bool:
        return may(request.user, "merchant.configure", obj.uid if obj else None)

    def save_model(self, request: HttpRequest, obj: Merchant, form: Any, change: bool) -> None:
        """In the transaction of Django's admin, with what each setting was and is, masked."""
        was = Merchant.objects.values_list("settings", flat=True).get(pk=obj.pk) or {}
        # What else the row holds (its contacts, its key) may have been written meanwhile.
        obj.save(update_fields=["settings"])
        now = obj.settings or {}
        pairs = {name: (was.get(name), now.get(name)) for name in sorted({*was, *now})}
        assert isinstance(request.user, User)
        audit.record(
            actor=request.user,
            action="merchant.configure",
            subject_type="merchant",
            subject_id=obj.pk,
            merchant_uid=obj.uid,
            changes=changes({name: pair for name, pair in pairs.items() if pair[0] != pair[1]}),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Merchant | None = None) -> bool:
        return False
