"""Django's own admin, for configuration alone: who works here. Work itself is done on the staff pages."""

from typing import ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from customers.models import Merchant

admin.site.site_header = admin.site.site_title = _("Onboarding portal: configuration")
admin.site.index_title = _("Configuration")
admin.site.site_url = "/"
# Rights come by role and merchant, not by Django's groups; a person has the one address they sign in with.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class NewPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: ClassVar[dict] = {}


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People and the machine's account. Nobody is deleted: what they did names them."""

    add_form = NewPersonForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined", "is_machine")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "is_machine")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(Merchant)
class MerchantAdmin(admin.ModelAdmin):
    """Merchants are pulled from the exchange; here only what we note and set about them."""

    list_display = ("uid", "name", "email", "exchange_state", "pulled_at")
    search_fields = ("uid", "name", "email")
    readonly_fields = ("uid", "is_self", "name", "email", "exchange_state", "pulled_at", "created_at")
    fields = (*readonly_fields, "contact_name", "contact_email", "contact_phone", "notes", "settings")
    show_full_result_count = False

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
