"""Django's admin as an app, with our site in place of its own."""

from django.contrib.admin.apps import AdminConfig


class ConfigurationConfig(AdminConfig):
    default_site = "portal.admin_site.ConfigurationSite"
