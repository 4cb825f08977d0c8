"""Every command × every role × own and another merchant, and every task: each asks the policy first."""

import io
import logging

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import transaction

from accounts.acting import ActingCommand, NotAllowedHere
from accounts.models import AuditEntry, User
from accounts.policy import ACTIONS
from tests.authz.matrix import cells, matrix
from tests.authz.scene import EVERYWHERE, SCOPED, make_scene
from tests.house import ROOMS
from tests.kyc.pack import packs

COLUMNS = ("machine", *SCOPED, *EVERYWHERE)
# What goes on until it is stopped, or starts other processes: that it was let in is all that is asked.
LONG = ("deliver_outbox", "work", "seal_audit", "verify_audit")


def own_commands() -> dict[str, str]:
    """The product's own commands, by name, with the app that has them."""
    ours = {config.name for config in apps.get_app_configs() if config.name.split(".")[0] in ROOMS}
    return {name: app for name, app in get_commands().items() if app in ours}


@pytest.fixture
def scene(db, settings, tmp_path, monkeypatch):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ERASURE_LEDGER = str(tmp_path / "erased.jsonl")
    (tmp_path / "erased.jsonl").touch()
    for name in LONG:
        command = type(load_command_class(own_commands()[name], name))
        monkeypatch.setattr(command, "act", lambda self, actor, **options: None)
    for what in ("check_ports", "migrate", "ensure_known_keys", "call_command"):
        monkeypatch.setattr(f"portal.management.commands.up.{what}", lambda *args, **options: None)
    monkeypatch.setattr("portal.supervisor.Supervisor.run", lambda self: None)
    logging.disable(logging.CRITICAL)
    yield make_scene()
    logging.disable(logging.NOTSET)


def asked(name, mine, scene, folder) -> tuple[list[str], dict[str, object]]:
    """The arguments with which the command would do something about `mine`."""
    match name:
        case "import_pack":
            row = packs.person(1, merchant_uid=mine.merchant.uid)
            return [str(packs.write_pack(folder, [row]))], {}
        case "request_payment_reference":
            return [mine.complete.reference, "INV-1"], {"currency": "zar"}
        case "waive_document":
            return [mine.business.reference, "Business License"], {"reason": "New."}
        case "export_subject":
            return [mine.complete.reference], {"to": str(folder / "out.zip"), "reason": "Asked."}
        case "reconcile" | "outbox_status":
            uid = mine.merchant.uid
            return [], {"merchant": [uid] if name == "outbox_status" else uid}
        case "grant_role":
            return [scene.somebody.email, "officer"], {"reason": "Joins."}
        case "stop_person" | "reset_second_factor":
            return [scene.somebody.email], {"reason": "Lost."}
        case "unlock_sign_in":
            return [scene.somebody.email], {}
        case "invite_officer":
            return ["new@aggregator.example"], {}
    return [], {}


def met(name, column, mine, scene, folder) -> str:
    """yes: let in; no: exit 2, not allowed; absent: as if the customer or merchant did not exist; only: it
    acts for the machine alone, and takes no --as."""
    folder.mkdir()
    args, options = asked(name, mine, scene, folder)
    if column != "machine":
        if not _takes_as(name):
            return "only"
        options["actor"] = scene.people[column].email
    try:
        with transaction.atomic():
            try:
                call_command(name, *args, **options, stdout=io.StringIO(), stderr=io.StringIO())
            finally:
                transaction.set_rollback(True)
    except NotAllowedHere as refused:
        return "no" if refused.returncode == 2 else f"exit {refused.returncode}"
    except CommandError as error:
        return "absent" if str(error).startswith(("No customer has", "No merchant")) else "yes"
    except SystemExit:
        return "yes"
    return "yes"


def _takes_as(name) -> bool:
    command = load_command_class(own_commands()[name], name)
    return any("--as" in action.option_strings for action in command.create_parser("", name)._actions)


def test_every_command_is_in_the_matrix_and_asks_an_action_that_there_is():
    named = {row.split()[0] for row in matrix()["commands"]}
    assert sorted(own_commands()) == sorted(named), "add its row to tests/authz_matrix.yaml"
    for name, app in own_commands().items():
        command = load_command_class(app, name)
        if name != "up":
            assert isinstance(command, ActingCommand), f"{name} must be an ActingCommand"
            assert command.action in ACTIONS, name


def test_every_role_gets_what_the_matrix_says(scene, tmp_path):
    assert tuple(cells(matrix()["command_columns"])) == COLUMNS
    wrong, number = [], 0
    for row, line in matrix()["commands"].items():
        name, side = (*row.split(), "own")[:2]
        for column, code in zip(COLUMNS, cells(line), strict=True):
            number += 1
            got = met(name, column, scene.of(side), scene, tmp_path / str(number))
            if got != code:
                wrong.append(f"{row}, {column}: {got}, not {code}")
    assert wrong == [], "\n".join(wrong)


def test_who_stops_the_portals_own_account_stops_its_commands(scene, tmp_path):
    User.objects.filter(is_machine=True).update(is_active=False)
    for number, name in enumerate(own_commands()):
        assert met(name, "machine", scene.own, scene, tmp_path / f"s{number}") == "no", name


def own_tasks() -> set[str]:
    from portal.celery import app

    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_the_matrix_names_every_task_and_what_it_asks_for():
    assert own_tasks() == set(matrix()["tasks"])
    assert set(matrix()["tasks"].values()) <= ACTIONS


@pytest.mark.parametrize("name", sorted(matrix()["tasks"]))
def test_a_task_acts_for_the_portals_own_account_or_not_at_all(name, scene, monkeypatch):
    from portal.celery import app
    from portal.tasks import TaskFailed

    done = []
    monkeypatch.setattr("portal.delivery_slice.deliver_slice", lambda seconds: done.append(name))
    monkeypatch.setattr("portal.schedule.run_job", lambda job: done.append(name))
    # A worker says once for its whole process by which way things come in there.
    monkeypatch.setattr("accounts.circumstances.set_process_channel", lambda channel: None)
    own_tasks()
    args = ["clear_sessions"] if name == "portal.run_job" else []
    app.tasks[name](*args)
    assert done == [name]
    User.objects.filter(is_machine=True).update(is_active=False)
    with pytest.raises(TaskFailed, match="NotAllowed"):
        app.tasks[name](*args)
    assert done == [name]
    assert AuditEntry.objects.filter(action=matrix()["tasks"][name], outcome="refused").exists()
