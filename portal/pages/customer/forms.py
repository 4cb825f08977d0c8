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
        self.fields["doc_type"].choices = [(name, name) for name in types]  # type: ignore[attr-defined]
        self.fields["doc_type"].initial = first
        self.fields["owner"].initial = owner
        rows = [DOC_TYPES[name] for name in types]
        if not any(row.needs_number for row in rows):
            del self.fields["doc_number"]
        if not any(row.takes_expiry for row in rows):
            del self.fields["doc_expire"]
        if not any(row.is_dated for row in rows):
            del self.fields["doc_issued"]
