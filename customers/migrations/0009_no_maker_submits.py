# Whoever had a hand in a customer does not submit it as its second person: the database asks the audit rows.
#
# The check constraint beside it knows only who changed it last. Whoever makes this table anew on SQLite (as an
# AlterField does) loses the trigger and has to make it again; tests/customers/test_makers.py finds that.

from django.db import migrations

# Of an UPDATE that says who submitted it and that two did.
WHEN = """
    NEW.submitted_by_id IS NOT NULL AND NEW.submitted_eyes = 'two'
    AND (OLD.submitted_by_id {differs} NEW.submitted_by_id OR OLD.submitted_eyes {differs} NEW.submitted_eyes)
"""
MADE_BY_THEM = """
    SELECT 1 FROM accounts_audit
    WHERE customer_id = NEW.id AND actor_id = NEW.submitted_by_id AND outcome = 'done'
      AND action IN ('customer.register', 'customer.change', 'document.add')
      AND id > COALESCE(
        (SELECT max(id) FROM accounts_audit WHERE customer_id = NEW.id AND action = 'customer.thaw'), 0
      )
"""
POSTGRES = f"""
CREATE FUNCTION no_maker_submits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS ({MADE_BY_THEM}) THEN
        RAISE EXCEPTION 'no_maker_submits: whoever made a customer is not the second person who submits it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_maker_submits BEFORE UPDATE OF submitted_by_id, submitted_eyes ON customers_customer
    FOR EACH ROW WHEN ({WHEN.format(differs="IS DISTINCT FROM")}) EXECUTE FUNCTION no_maker_submits();
"""
SQLITE = f"""
CREATE TRIGGER no_maker_submits BEFORE UPDATE OF submitted_by_id, submitted_eyes ON customers_customer
WHEN {WHEN.format(differs="IS NOT")} AND EXISTS ({MADE_BY_THEM})
BEGIN
    SELECT RAISE(ABORT, 'no_maker_submits: whoever made a customer is not the second person who submits it');
END
"""


def make_trigger(apps, schema_editor):
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRES if is_postgres else SQLITE, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0008_taken_in_without_email'),
        ('accounts', '0005_audit_append_only'),
    ]

    operations = [migrations.RunPython(make_trigger)]
