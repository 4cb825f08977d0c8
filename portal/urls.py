from django.contrib import admin
from django.urls import include, path

from portal.health import alive, ready
from portal.metrics import metrics

urlpatterns = [
    path("healthz", alive, name="alive"),
    path("readyz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("", include("portal.pages.urls")),
    path("api/", include("portal.api.urls")),
]
