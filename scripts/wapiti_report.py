"""Say what wapiti found and whether it matters: `wapiti_report.py REPORT.json`. Exit 1: something does."""

import json
import sys

# What it says of a portal that runs on one machine, over plain http.
EXPECTED = {
    "HTTP Strict Transport Security (HSTS)": "sent over https alone; tests/portal/test_web_edges.py holds it",
    "Secure Flag cookie": "the cookies are Secure where ALLOWED_HOSTS is set",
    "Unencrypted Channels": "loopback",
}

with open(sys.argv[1]) as file:
    report = json.load(file)
found = {kind: rows for kind, rows in report["vulnerabilities"].items() if rows}
crawled = report["infos"].get("crawled_pages_nbr", 0)
print(f"wapiti saw {crawled} pages.")
bad = False
for kind, rows in sorted((found | {k: v for k, v in report["anomalies"].items() if v}).items()):
    why = next((why for name, why in EXPECTED.items() if name.lower() in kind.lower()), "")
    print(f"  {kind}: {len(rows)}{f' (expected: {why})' if why else ''}")
    if not why:
        bad = True
        for row in rows[:5]:
            where = f"{row.get('method')} {row.get('path')} {row.get('parameter') or ''}"
            print(f"    {where}: {row.get('info', '')[:160]}")
if crawled < 10:
    sys.exit("Too few pages: the session did not hold.")
sys.exit(1 if bad else 0)
