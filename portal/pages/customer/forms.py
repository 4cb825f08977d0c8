"""What staff fill in on a customer's page. The services judge; these only carry."""

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kyc.acceptance import REASON_MAX
from kyc.doc_types import DOC_TYPES


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class UploadForm(forms.Form):
    """One file for one of `types`; asks only for what these carry. `owner` is the UBO's id, or None."""

    owner = forms.UUIDField(required=False, widget=forms.HiddenInput)
    doc_type = forms.ChoiceField(label=_("Document"))
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, JPEG or PNG, at most 4 MB."),
        max_length=255,
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )
    doc_number = forms.CharField(label=_("Document number"), required=False, max_length=100)
    doc_expire = forms.DateField(label=_("Expires"), required=False, widget=DateInput())
    doc_issued = forms.DateField(label=_("Issued"), required=False, widget=DateInput())

    def __init__(
        self, *args, types: Sequence[str], first: str = "", owner: UUID | None = None, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, name) for name in types]
        if len(choices) > 1 and not first:
            # Nobody knows which it will be: the first of them would be handed in by whoever overlooks it.
            choices.insert(0, ("", str(_("Choose which it is"))))
        self.fields["doc_type"].choices = choices  # type: ignore[attr-defined]
        self.fields["doc_type"].initial = first
        self.fields["owner"].initial = owner
        rows = [DOC_TYPES[name] for name in types]
        dated = ", ".join(row.name for row in rows if row.is_dated)
        for field, carrying, whose in (
            ("doc_number", [row.needs_number for row in rows], _("Of an identity document.")),
            ("doc_expire", [row.takes_expiry for row in rows], _("Of an identity document that has one.")),
            (
                "doc_issued",
                [row.is_dated for row in rows],
                _("Of what has to be recent: %(types)s.") % {"types": dated},
            ),
        ):
            if not any(carrying):
                del self.fields[field]
            elif not all(carrying):
                self.fields[field].help_text = whose
