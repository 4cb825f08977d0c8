"""The system's Chromium, Thandi signed in by hand, and an ear for everything the browser complains about."""

import os
import re
import shutil
import time

import pytest

from accounts.sign_in.second_factor import is_enrolled
from tests.accounts.signing_in import SECRET, code, enrol_app, wait_for_next_code

# Playwright keeps an event loop on this thread; the tests still use the database one call after another.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "a long enough passphrase"
# "**/" would be content with any page: their addresses end so, too.
AT_HOME = re.compile(r"^https?://[^/]+/$")


def show_code(page, user, button="Sign in", secret=SECRET):
    """Enter the code that the app shows now. A second browser within the half minute would have to wait for
    the next one."""
    wait_for_next_code(user)
    # A half minute that ends while the form is on its way would make the code an old one.
    while time.time() % 30 > 22:
        time.sleep(0.2)
    page.get_by_role("textbox", name="Code").fill(code(secret=secret))
    page.get_by_role("button", name=button, exact=True).click()


_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _chromium() -> str | None:
    names = (
        os.environ.get("CHROMIUM", ""),
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    )
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    path = _chromium()
    if path is None:
        why = "no Chromium on this machine: scripts/install_chromium.sh, or CHROMIUM=/path/to/it"
        if os.environ.get("CI"):
            pytest.fail(f"{why} (CI must have one)")
        pytest.skip(why)
    return {"executable_path": path, "args": _FLAGS}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """A file, since the live server reads it from threads of its own."""
    from django.db import connections

    if connections["default"].vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "browser.sqlite3"
        connections["default"].settings_dict.setdefault("TEST", {})["NAME"] = str(path)


@pytest.fixture(scope="session", autouse=True)
def _styles_from_the_source(tmp_path_factory):
    """What an installation collected into STATIC_ROOT may be older than the source that is tested."""
    from django.conf import settings

    settings.STATIC_ROOT = str(tmp_path_factory.mktemp("static"))


@pytest.fixture(autouse=True)
def _no_exchange(settings):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"


class Ear:
    """What the browser complained about; that a page is not there is an answer, no complaint."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def listen_to(self, page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _hear(self, message) -> None:
        if message.type in ("error", "warning") and "404 (Not Found)" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture
def ear():
    heard = Ear()
    yield heard
    assert heard.complaints == []


@pytest.fixture
def open_browser(browser, live_server, ear, request):
    """open_browser(width=1440, scheme="light", scripts=True) -> a page in a browser of its own."""
    contexts = []

    def open_it(*, width: int = 1440, scheme: str = "light", scripts: bool = True):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        ear.listen_to(page)
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def thandi(transactional_db):
    from accounts.roles import Role
    from tests.accounts.people import a_person

    user = a_person("thandi@aggregator.example", *Role, name="Thandi Nkosi")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def sign_in(open_browser, thandi):
    """sign_in(**how the browser is) -> a page on the overview, signed in through both forms."""
    if not is_enrolled(thandi):
        enrol_app(thandi)

    def do(**how):
        page = open_browser(**how)
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(thandi.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        show_code(page, thandi)
        page.wait_for_url(AT_HOME)
        return page

    return do
