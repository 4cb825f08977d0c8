from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal.doors import sign_in_to_configuration
from portal.health import alive, ready
from portal.metrics import metrics
from portal.webhooks import payment_webhook

handler500 = "portal.faults.server_error"

urlpatterns = [
    path("healthz", alive, name="alive"),
    path("readyz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("hooks/<str:token>/", payment_webhook, name="payment-webhook"),
    path("accounts/", include("portal.pages.account.urls")),
    # Configuration has no door of its own: one signs in, and changes a password, where everybody does.
    path("admin/login/", sign_in_to_configuration),
    path("admin/logout/", RedirectView.as_view(pattern_name="account_logout")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("", include("portal.pages.urls")),
    path("api/", include("portal.api.urls")),
]
