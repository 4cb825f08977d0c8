"""Django's own admin, opened by the policy instead of flags on the account."""

from django.contrib import admin
from django.http import HttpRequest

from accounts.policy import may


class ConfigurationSite(admin.AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "admin.open")
