"""The addresses of the API. A reference may hold slashes, so what follows it is told first."""

from django.urls import URLPattern, path

from portal.api.customers import CustomerRequirements, Customers, CustomerSubmission, OneCustomer

urlpatterns: list[URLPattern] = [
    path("customers/", Customers.as_view(), name="api-customers"),
    path(
        "customers/<path:reference>/requirements/",
        CustomerRequirements.as_view(),
        name="api-customer-requirements",
    ),
    path("customers/<path:reference>/submit/", CustomerSubmission.as_view(), name="api-customer-submit"),
    path("customers/<path:reference>/", OneCustomer.as_view(), name="api-customer-detail"),
]
