"""A file on which the reader hangs, or breaks: refused with a reason, and the portal goes on."""

import pytest

from kyc.gate import examine
from kyc.jail.keeper import Keeper, Limits
from tests.kyc import files


@pytest.fixture
def hostile(monkeypatch):
    """Whatever is opened takes hold of the process that opens it."""
    keeper = Keeper("tests.kyc.jail.hostile", Limits(cpu_seconds=1, wall_seconds=4))
    monkeypatch.setattr("kyc.gate.pdf.ask", keeper.ask)
    monkeypatch.setattr("kyc.gate.images.ask", keeper.ask)
    yield
    keeper.close()


@pytest.mark.parametrize("make", [files.pdf, files.png, files.jpeg], ids=["hangs", "crashes", "crashes too"])
def test_it_is_refused_by_name_with_what_to_do(hostile, make):
    found = examine(make(), filename="a")
    (problem,) = found.problems
    assert (problem.code, problem.severity, found.is_accepted) == ("unsafe", "error", False)
    assert "could not be opened safely" in problem.message
    assert problem.remedy


def test_the_log_says_why_and_names_nobody(hostile, caplog):
    examine(files.pdf(), filename="lerato-mokoena.pdf")
    (record,) = caplog.records
    assert "document_not_opened why=time" in record.getMessage()
    assert "lerato" not in caplog.text
