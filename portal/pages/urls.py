"""The addresses of the staff pages."""

from django.urls import path

from portal.pages.customer import decisions, downloads
from portal.pages.customer import views as customer
from portal.pages.customers import views as customers
from portal.pages.drift import views as drift
from portal.pages.merchants import views as merchants
from portal.pages.overview import views as overview
from portal.pages.sync import views as sync
from portal.pages.waiting import views as waiting

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("overview/exchange/", overview.exchange, name="overview-exchange"),
    path("customers/", customers.customers, name="customers"),
    path("customers/<uuid:customer_id>/", customer.customer, name="customer-detail"),
    path("customers/<uuid:customer_id>/submit/", decisions.submit, name="customer-submit"),
    path("customers/<uuid:customer_id>/warnings/", decisions.accept, name="customer-accept-warning"),
    path("customers/<uuid:customer_id>/waivers/", decisions.waive, name="customer-waive"),
    path("customers/<uuid:customer_id>/documents/", decisions.add, name="customer-add-document"),
    path("customers/<str:reference>/", customer.by_reference, name="customer-by-reference"),
    path("documents/<uuid:document_id>/", customer.document, name="document-detail"),
    path("documents/<uuid:document_id>/file/", downloads.download, name="document-download"),
    path("waiting/", waiting.waiting, name="waiting"),
    path("sync/", sync.sync, name="sync"),
    path("sync/intents/", sync.intents, name="sync-intents"),
    path("intents/<uuid:intent_id>/", sync.intent, name="intent-detail"),
    path("intents/<uuid:intent_id>/retry/", waiting.retry, name="intent-retry"),
    path("intents/<uuid:intent_id>/decide/<slug:name>/", sync.decide, name="intent-decide"),
    path("drift/", drift.drift, name="drift"),
    path("drift/reconcile/", drift.reconcile, name="drift-reconcile"),
    path("drift/take-in/", drift.take_in, name="drift-take-in-all"),
    path("drift/take-in/<uuid:row_id>/", drift.take_in, name="drift-take-in"),
    path("merchants/", merchants.merchants, name="merchants"),
    path("merchants/<str:uid>/", merchants.merchant, name="merchant-detail"),
]
