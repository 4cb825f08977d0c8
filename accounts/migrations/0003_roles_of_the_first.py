# Who could open the configuration before there were roles keeps what they could do.

from django.db import migrations
from django.utils import timezone

MACHINE_EMAIL = "machine@portal.invalid"
FIRST_ROLES = ("administrator", "officer", "agent")


def grant(apps, schema_editor):
    User = apps.get_model("accounts", "User")
    RoleGrant = apps.get_model("accounts", "RoleGrant")
    AuditEntry = apps.get_model("accounts", "AuditEntry")
    people = list(User.objects.filter(is_superuser=True, is_machine=False))
    if not people:
        return
    machine = User.objects.get_or_create(
        email=MACHINE_EMAIL, defaults={"name": "Portal", "is_machine": True, "password": "!"}
    )[0]
    for user in people:
        for role in FIRST_ROLES:
            row = RoleGrant.objects.create(
                user=user, role=role, proposed_by=machine, granted_by=machine, eyes="command"
            )
            AuditEntry.objects.create(
                at=timezone.now(),
                actor=machine,
                action="role.granted",
                subject_type="user",
                subject_id=user.pk,
                reason="upgrade",
                details={"role": role, "grant": str(row.pk), "eyes": "command"},
            )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
    ]

    operations = [
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
