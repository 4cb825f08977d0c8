"""Asking as each column of the matrix, and the short code of what comes back."""

from __future__ import annotations

import re
from copy import copy, deepcopy
from typing import Any

from django.contrib.messages import ERROR
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from tests.accounts.signing_in import sign_in_at_once, sign_in_without_second_factor
from tests.authz.addresses import arguments, body, query, routes
from tests.authz.keys import WORDS, Shown, shown
from tests.authz.scene import PEOPLE, Scene

# Where a redirect leads, by the beginning of its address.
_LEADS = (
    ("/accounts/login/", "login"),
    ("/accounts/second-factor/", "mfa"),
    ("/accounts/step-up/", "step"),
    ("/admin/login/", "door"),
)


class Askers:
    """A browser with the cookies of whichever column asks."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.client = Client(raise_request_exception=False)
        self.cookies = {"anonymous": copy(self.client.cookies)}
        for column in PEOPLE:
            sign_in = sign_in_without_second_factor if column == "no_mfa" else sign_in_at_once
            self.client.cookies.clear()
            sign_in(self.client, scene.people[column])
            self.cookies[column] = deepcopy(self.client.cookies)

    def ask(self, column: str, route: str, case: str) -> str:
        """The code of `case`, such as "POST other draft", asked as `column`. What it changed is undone."""
        method, side, state = (*case.split(), "", "")[:3]
        mine = self.scene.of(side or "own")
        more = body(route, self.scene, mine) if method == "POST" else {"data": query(route)}
        # A cell before may have signed out, or used up what may be tried.
        self.client.cookies = deepcopy(self.cookies[column])
        cache.clear()
        with transaction.atomic():
            show = Shown()
            if state in WORDS:
                show = shown(route, method, state, self.scene.people.get(column), side, self.scene)
                more = {"data": show.data, "headers": show.headers}
            path = address(route, arguments(route, self.scene, mine, state) | show.arguments)
            with override_settings(**show.settings):
                if show.first:
                    self.client.get(show.first)
                answer = getattr(self.client, method.lower())(path, **more)
            transaction.set_rollback(True)
        return code_of(answer)


def address(route: str, values: dict[str, Any]) -> str:
    """The route's address with those of `values` that it takes."""
    pattern = routes()[route]
    names = re.findall(r"<(?:\w+:)?(\w+)>", pattern)
    if route == pattern or route.startswith("admin:?"):
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), pattern)
    return reverse(route, kwargs={name: values[name] for name in names})


def code_of(answer: Any) -> str:
    """`login`, `mfa`, `step`, `door`: where a redirect leads; `said`: back with a message that it was not
    done; else the status."""
    if answer.status_code not in (301, 302):
        return str(answer.status_code)
    where = answer.headers["Location"]
    for beginning, code in _LEADS:
        if where.startswith(beginning):
            return code
    told = getattr(answer.wsgi_request, "_messages", None)
    if told is not None and any(message.level >= ERROR for message in told._queued_messages):
        return "said"
    return str(answer.status_code)
