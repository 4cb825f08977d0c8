"""Sign in to a portal in the demo mode and print the session's cookies as wapiti reads them.

`sign_in.py ADDRESS`, PASSWORD in the environment. Exit 1: the sign-in did not lead to the overview.
"""

import json
import os
import re
import sys
from urllib.parse import urlsplit

import requests

address = sys.argv[1]
session = requests.Session()
page = session.get(f"{address}/accounts/login/", timeout=30)
token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
form = {
    "csrfmiddlewaretoken": token.group(1) if token else "",
    "login": os.environ.get("EMAIL", "officer@portal.example"),
    "password": os.environ["PASSWORD"],
}
session.post(f"{address}/accounts/login/", data=form, headers={"Referer": address}, timeout=30)
if session.get(f"{address}/", timeout=30, allow_redirects=False).status_code != 200:
    sys.exit("The sign-in did not lead to the overview.")
held = {
    cookie.name: {"value": cookie.value, "version": 0, "expires": None, "secure": False, "port": None}
    for cookie in session.cookies
}
print(json.dumps({urlsplit(address).hostname: {"/": held}}))
