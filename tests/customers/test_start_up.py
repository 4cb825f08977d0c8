import subprocess
import sys

HEAVY = ("phonenumbers", "email_validator", "pycountry", "stdnum", "PIL", "pikepdf")


def test_the_rules_and_the_gate_load_no_heavy_library_before_they_need_it():
    code = f"""
import sys, customers.rules, kyc.gate, kyc.doc_types
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
