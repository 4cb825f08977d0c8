"""The API costs nothing to those who do not call it."""

import subprocess
import sys

from django.urls import get_resolver

from portal.api import customers
from portal.api.urls import urlpatterns
from tests.house import PROJECT


def test_loading_the_addresses_does_not_load_the_framework():
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings';"
        "import django; django.setup(); import portal.api.urls;"
        "print([name for name in sys.modules if name.startswith('rest_framework.views')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, timeout=60
    )
    assert said.stdout.strip() == "[]", said.stderr


def test_every_address_has_a_view_that_asks_who_calls():
    resolver = get_resolver()
    for pattern in urlpatterns:
        assert resolver.reverse_dict.getlist(pattern.name)
    for name in ("Customers", "OneCustomer", "CustomerRequirements", "CustomerSubmission"):
        view = getattr(customers, name)
        assert [permission.__name__ for permission in view.permission_classes] == ["IsAuthenticated"]
