"""Nothing that a line of the log, an error mail or Celery says holds personal data or a secret."""

import json
import logging
import secrets
import sys
import threading

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from accounts.circumstances import Channel, under
from accounts.models import User
from portal.error_reports import MailHandler, Report
from portal.log_cleaning import cleaned
from portal.logs import JsonFormatter, LineFormatter, NotTalkative, catch_what_nobody_caught, configuration
from portal.told_errors import told_error


class Ear(logging.Handler):
    """What would have been written."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.addFilter(NotTalkative())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def ear():
    heard, root = Ear(LineFormatter()), logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(heard)
    root.setLevel(level)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a letter to lerato.mokoena+x@mail.example.co.za failed", "a letter to [e-mail] failed"),
        ("called +27 82 290 4047 twice", "called [number] twice"),
        ("id number 9002086471085.", "id number [number]."),
        ("GET /customers/?q=Lerato&after=x HTTP/1.1", "GET /customers/?[query] HTTP/1.1"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("Cookie: sessionid=abcdef; csrftoken=xyz", "Cookie: [secret]; csrftoken=[secret]"),
        ('{"password": "correct horse", "id": 7}', '{"password": [secret], "id": 7}'),
        ("X-Auth-Apikey=61d025b8573501c2 x", "X-Auth-Apikey=[secret] x"),
        ("redis://user:hunter22@broker.example/0", "redis://[secret]@broker.example/0"),
        ("Key (merchant_id, email_key)=(3, jane)", "Key (merchant_id, email_key)=([value])"),
        ("POST /hooks/0a1b2c3d/ HTTP/1.1", "POST /hooks/[secret]/ HTTP/1.1"),
        ("two\nlines\r\nand \x1b[31m colour", "two lines and  [31m colour"),
    ],
)  # fmt: skip
def test_what_can_be_told_apart_is_taken_out(said, written):
    assert cleaned(said) == written


@pytest.mark.parametrize(
    "line",
    [
        "intent_parked intent=0b0e7e3e-0000-4000-8000-123456789012 reason=too_many_attempts code=422",
        "taken_in customer=0b0e7e3e000040008000123456789012",
        "scanned merchant=CCT0000000001 seconds=12345.67",
        "exchange_clock_skew skew_ms=1763740000123",
        "recovered rows=1000000 orphans=0",
        "answered status=404 method=GET view=customer-detail",
    ],
)
def test_our_own_lines_stay_as_they_are(line):
    assert cleaned(line) == line


def test_the_secrets_of_the_settings_are_known_wherever_they_turn_up(settings):
    settings.EXCHANGE_API_SECRET = "a-secret-of-the-exchange"
    settings.METRICS_TOKEN = "a token for numbers"
    key = settings.PORTAL_KEYS.partition(":")[2]
    said = f"x{settings.SECRET_KEY}y {key} {settings.EXCHANGE_API_SECRET}, {settings.METRICS_TOKEN}"
    assert cleaned(said) == "x[secret]y [secret] [secret], [secret]"


def test_passwords_of_the_cache_and_the_storage_are_known_too(settings, monkeypatch):
    settings.CACHES = {"default": {"LOCATION": "redis://:pass-of-the-cache@127.0.0.1:6379/1"}}
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key-of-the-bucket")
    assert cleaned("pass-of-the-cache key-of-the-bucket") == "[secret] [secret]"


def test_every_line_carries_the_id_of_what_it_belongs_to(ear):
    with under(Channel.PAGE, "proxy-0123456789"):
        logging.getLogger("kyc").info("submitted count=%s", 3)
    assert ear.lines[-1].endswith("INFO kyc [proxy-0123456789] submitted count=3")


def test_lines_may_be_json(ear):
    ear.setFormatter(JsonFormatter())
    with under(Channel.PAGE, "proxy-0123456789"):
        logging.getLogger("kyc").error("broke for jane@example.com", exc_info=raised(KeyError("Jane Smith")))
    said = json.loads(ear.lines[-1])
    assert (said["level"], said["logger"], said["request_id"]) == ("ERROR", "kyc", "proxy-0123456789")
    assert said["message"] == "broke for [e-mail]"
    assert said["error"][0] == "KeyError"


def test_of_an_error_its_kind_and_places_are_told_and_nothing_it_says_nor_what_variables_held(ear):
    def inner() -> None:
        name = "Lerato Mokoena"
        raise ValueError(f"bad: {name}")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("Moon Street") from error
    except RuntimeError:
        logging.getLogger("portal").exception("failed")
    assert "RuntimeError" in ear.text
    assert "caused by ValueError" in ear.text
    assert "tests/portal/test_logs.py:" in ear.text
    assert "in inner" in ear.text
    assert not any(word in ear.text for word in ("Lerato", "Moon Street", "bad:"))


def test_of_a_databases_error_the_codes_are_told_and_not_the_row(ear, db):
    User.objects.create_user("jane.smith@example.com")
    try:
        with transaction.atomic():
            User.objects.create_user("jane.smith@example.com")
    except IntegrityError:
        logging.getLogger("accounts").exception("not_kept")
    assert "IntegrityError" in ear.text
    assert "jane" not in ear.text


def test_what_is_wrong_with_the_settings_is_told(ear):
    from django.core.exceptions import ImproperlyConfigured

    told = told_error(raised(ImproperlyConfigured("LOG_FORMAT is line or json.")))
    assert told[0].endswith("ImproperlyConfigured: LOG_FORMAT is line or json.")


def test_a_request_is_named_by_its_view_and_not_by_its_address(ear, client):
    client.get("/customers/Lerato-Mokoena/?q=Lerato")
    client.get("/Lerato/")
    assert "answered status=404 method=GET view=" in ear.text
    assert "Lerato" not in ear.text


def test_statements_and_requests_of_libraries_are_not_written_below_a_warning(ear):
    for name in ("django.db.backends", "botocore.parsers", "PIL.PngImagePlugin", "psycopg.pq"):
        logging.getLogger(name).debug("(0.000) SELECT 'Lerato'; args=('Lerato',)")
    assert ear.lines == []
    logging.getLogger("botocore.parsers").warning("slow")
    assert len(ear.lines) == 1


def test_a_line_whose_arguments_do_not_fit_is_written_all_the_same():
    record = logging.LogRecord("kyc", logging.WARNING, __file__, 1, "%s and %s", ("one",), None)
    assert LineFormatter().format(record).endswith("a line whose arguments do not fit it")


def test_errors_are_mailed_as_the_log_tells_them(settings):
    settings.ADMINS = [("Ops", "ops@example.com")]
    request = RequestFactory().post(
        "/customers/Lerato/", {"dob": "1990-02-08"}, headers={"Cookie": "sessionid=abc"}
    )
    error = raised(ValueError("Lerato Mokoena"))
    record = logging.LogRecord(
        "django.request", logging.ERROR, __file__, 1, "Internal Server Error: %s", ("/customers/Lerato/",),
        (type(error), error, error.__traceback__),
    )  # fmt: skip
    record.request, record.status_code = request, 500
    handler = MailHandler()
    handler.setFormatter(LineFormatter())
    handler.emit(record)
    (letter,) = mail.outbox
    said = f"{letter.subject}\n{letter.body}\n{letter.alternatives}"
    assert "answered status=500 method=POST" in said
    assert "ValueError" in said
    assert not any(word in said for word in ("Lerato", "1990", "abc", "sessionid"))


def test_the_page_that_debug_shows_holds_no_variable_and_nothing_of_the_request(settings):
    settings.DEBUG = True
    mark = secrets.token_hex(8)
    settings.EXCHANGE_API_SECRET = f"secret-{mark}"
    cookie = {"Cookie": f"sessionid={mark}"}
    request = RequestFactory().post(f"/x/?q={mark}", {"dob": mark}, headers=cookie)

    def broken(name: str) -> None:
        raise ValueError(f"for {name}@example.com")

    try:
        broken(mark)
    except ValueError as error:
        report = Report(request, type(error), error, error.__traceback__)
        page, text = report.get_traceback_html(), report.get_traceback_text()
    assert "for [e-mail]" in page
    assert "in broken" in text
    assert mark not in page
    assert mark not in text


def test_errors_that_nobody_caught_are_told_the_same_way(ear, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    catch_what_nobody_caught()

    def work() -> None:
        raise ValueError("Lerato Mokoena")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    error = raised(ValueError("Lerato Mokoena"))
    sys.excepthook(type(error), error, error.__traceback__)
    assert ear.text.count("not_caught error=ValueError") == 2
    assert "Lerato" not in ear.text


def test_what_celery_passes_on_of_a_failed_task_is_its_kind_alone(ear, db, monkeypatch):
    from portal import schedule
    from portal.tasks import TaskFailed, run_job

    def broken(name: str) -> None:
        raise ValueError("Lerato Mokoena")

    monkeypatch.setattr(schedule, "run_job", broken)
    result = run_job.apply(["drift"])
    assert isinstance(result.result, TaskFailed)
    assert "Lerato" not in f"{result.result!r} {result.traceback}"
    assert "task_failed task=portal.run_job error=ValueError" in ear.text
    assert "in broken" in ear.text
    assert "Lerato" not in ear.text


def test_every_room_says_what_it_does_at_the_level_that_is_set(settings):
    rooms = {
        name for name in settings.INSTALLED_APPS if "." not in name and (settings.BASE_DIR / name).is_dir()
    }
    loggers = configuration(level="DEBUG", form="line", mail=False)["loggers"]
    assert {name for name in rooms if loggers.get(name) != {"level": "DEBUG"}} == set()
