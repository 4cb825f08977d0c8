# Payment references: what they wait for, and the words of a reason that had no token behind it.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0005_read_share'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='intent',
            name='an_intent_waits_for_a_known_reason',
        ),
        migrations.AlterField(
            model_name='intent',
            name='reason',
            field=models.CharField(blank=True, choices=[('email_taken_elsewhere', 'The e-mail is taken at the exchange'), ('ubo_email_taken', "A beneficial owner's e-mail is taken at the exchange"), ('exists_more_than_once', 'The exchange holds the customer more than once'), ('foreign_sender', 'An account with our token or reference was made elsewhere, or holds other data'), ('create_outcome_unknown', 'Whether the customer was created is unknown'), ('upload_outcome_unknown', 'Whether the document arrived is unknown'), ('payment_outcome_unknown', 'Whether the payment reference was created is unknown'), ('payment_exists_twice', 'The exchange holds the payment reference twice'), ('ubo_uid_unknown', "The beneficial owner's uid is unknown"), ('rejected_by_exchange', 'The exchange rejected the data'), ('refused_by_exchange', 'The exchange refused the request'), ('content_changed', 'The content differs from what was submitted'), ('too_many_attempts', 'Too many attempts')], max_length=30, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='intent',
            name='topic',
            field=models.CharField(choices=[('customer.create', 'Create the customer'), ('customer.set_custom_id', 'Set our reference'), ('document.upload', 'Upload a document'), ('payment_reference.create', 'Create a payment reference')], max_length=40, verbose_name='topic'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['', 'email_taken_elsewhere', 'ubo_email_taken', 'exists_more_than_once', 'foreign_sender', 'create_outcome_unknown', 'upload_outcome_unknown', 'payment_outcome_unknown', 'payment_exists_twice', 'ubo_uid_unknown', 'rejected_by_exchange', 'refused_by_exchange', 'content_changed', 'too_many_attempts'])), name='an_intent_waits_for_a_known_reason'),
        ),
    ]
