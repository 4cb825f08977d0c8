"""Letters as files: whole, and for this user's eyes alone."""

import stat

from django.core.mail import send_mail


def test_a_letter_is_a_file_that_nobody_else_reads(tmp_path, settings):
    settings.EMAIL_BACKEND = "portal.mail_folder.MailFolder"
    settings.MAIL_FOLDER = tmp_path / "mail"
    send_mail("Hello", "with a link", None, ["thandi@aggregator.example"])
    send_mail("Hello", "with another", None, ["thandi@aggregator.example"])
    letters = list(settings.MAIL_FOLDER.iterdir())
    assert sorted("another" in letter.read_text() for letter in letters) == [False, True]
    assert {stat.S_IMODE(letter.stat().st_mode) for letter in letters} == {0o600}
    assert stat.S_IMODE(settings.MAIL_FOLDER.stat().st_mode) == 0o700


def test_the_page_names_the_folder_only_while_it_is_used(client, administrator, settings):
    client.force_login(administrator)
    assert "var/mail" not in client.get("/invitations/").text
    settings.EMAIL_BACKEND = "portal.mail_folder.MailFolder"
    assert "var/mail" in client.get("/invitations/").text
