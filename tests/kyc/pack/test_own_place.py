"""A copy of a process that reads on in a file moves nobody else's place in it."""

import subprocess
import sys

import pytest

from tests.portal.installation import ROOT

pytestmark = pytest.mark.processes

FORK = """
import os, sys
from pathlib import Path
from kyc.pack import folder, sealed_spool

path = Path(sys.argv[1])
content = path.read_bytes()
for file in (folder.open_table(path), sealed_spool.spooled([content])):
    assert file.read(10) == content[:10]
    child = os.fork()
    if not child:
        os._exit(0 if file.read() == content[10:] else 1)
    assert os.waitpid(child, 0)[1] == 0, "the copy read something else"
    assert file.read() == content[10:], "its place was moved"
    assert file.seek(-5, os.SEEK_END) == len(content) - 5
    assert file.read() == content[-5:]
    file.close()
"""


def test_a_copy_of_the_process_reads_from_a_place_of_its_own(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_bytes(bytes(range(256)) * 2_000)
    words = [sys.executable, "-c", FORK, str(path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
