"""The addresses of the staff pages."""

from django.urls import path

from portal.pages.audit import views as audit
from portal.pages.customer import decisions, downloads
from portal.pages.customer import views as customer
from portal.pages.customers import views as customers
from portal.pages.document import views as document
from portal.pages.drift import views as drift
from portal.pages.invitations import views as invitations
from portal.pages.merchants import views as merchants
from portal.pages.overview import views as overview
from portal.pages.people import views as people
from portal.pages.proposals import views as proposals
from portal.pages.retention import views as retention
from portal.pages.reveal import views as reveal
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
    path("customers/<uuid:customer_id>/relationship/", retention.relationship, name="customer-relationship"),
    path(
        "customers/<uuid:customer_id>/relationship/<slug:name>/",
        retention.decide,
        name="customer-relationship-decide",
    ),
    path("customers/<uuid:customer_id>/export/", retention.export, name="customer-export"),
    path("retention/", retention.retention, name="retention"),
    path("customers/<str:reference>/", customer.by_reference, name="customer-by-reference"),
    path("documents/<uuid:document_id>/", customer.document, name="document-detail"),
    path("customers/<uuid:customer_id>/reveal/", reveal.reveal, name="customer-reveal"),
    path("customers/<uuid:customer_id>/mask/", reveal.mask, name="customer-mask"),
    path("documents/<uuid:document_id>/view/", document.view, name="document-view"),
    path("documents/<uuid:document_id>/pages/<int:number>/", document.picture, name="document-page"),
    path("documents/<uuid:document_id>/file/", downloads.download, name="document-download"),
    path("waiting/", waiting.waiting, name="waiting"),
    path("customers/<uuid:customer_id>/retry/", waiting.retry_all, name="customer-retry"),
    path("proposals/<uuid:proposal_id>/approve/", proposals.approve, name="proposal-approve"),
    path("proposals/<uuid:proposal_id>/refuse/", proposals.refuse, name="proposal-refuse"),
    path("proposals/<uuid:proposal_id>/withdraw/", proposals.withdraw, name="proposal-withdraw"),
    path("people/", people.people, name="people"),
    path("people/<uuid:user_id>/", people.person, name="person-detail"),
    path("people/<uuid:user_id>/roles/", people.change_role, name="person-role"),
    path(
        "people/<uuid:user_id>/second-factor/", people.reset_second_factor, name="person-reset-second-factor"
    ),
    path("people/<uuid:user_id>/stop/", people.stop, name="person-stop"),
    path("people/<uuid:user_id>/start/", people.start, name="person-start"),
    path("sync/", sync.sync, name="sync"),
    path("sync/intents/", sync.intents, name="sync-intents"),
    path("intents/<uuid:intent_id>/", sync.intent, name="intent-detail"),
    path("intents/<uuid:intent_id>/retry/", waiting.retry, name="intent-retry"),
    path("intents/<uuid:intent_id>/decide/<slug:name>/", sync.decide, name="intent-decide"),
    path("drift/", drift.drift, name="drift"),
    path("drift/reconcile/", drift.reconcile, name="drift-reconcile"),
    path("drift/take-in/", drift.take_in, name="drift-take-in-all"),
    path("drift/take-in/<uuid:row_id>/", drift.take_in, name="drift-take-in"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
    path("merchants/", merchants.merchants, name="merchants"),
    path("merchants/<str:uid>/", merchants.merchant, name="merchant-detail"),
    path("invitations/", invitations.invitations, name="invitations"),
    path("invitations/<uuid:invitation_id>/again/", invitations.again, name="invitation-again"),
    path("invitations/<uuid:invitation_id>/take-back/", invitations.take_back, name="invitation-take-back"),
]
