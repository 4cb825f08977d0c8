"""Requests to the sandbox, signed by the test's own few lines, and bodies that are right in every field."""

import hashlib
import hmac
import itertools
import time

import requests

CUSTOMERS = "/api/v2/persona/resource/customers"
MERCHANTS = "/api/v2/persona/resource/merchants"
UPLOADS = "/api/v2/verification/customers/documents"
PAYMENTS = "/api/v2/atlas/account/payments"
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20
PDF = b"%PDF-1.7\n" + b"page" * 20

BUSINESS_TYPES = (
    "Board Resolution",
    "Company Registration",
    "AML Policy",
    "Business License",
    "Business Proof of Address",
    "Shareholder Certificate",
    "Incorporation Certificate",
    "Bank Statement",
    "Tax Statement",
)
_numbers = itertools.count(1)
_last_nonce = 0


def fresh_nonce():
    global _last_nonce
    _last_nonce = max(_last_nonce + 1, int(time.time() * 1000))
    return str(_last_nonce)


def sign(key, secret, nonce):
    return hmac.new(secret.encode(), (nonce + key).encode(), hashlib.sha256).hexdigest()


def headers(key, secret, nonce=None, **changes):
    nonce = nonce or fresh_nonce()
    names = {"X-Auth-Apikey": key, "X-Auth-Nonce": nonce, "X-Auth-Signature": sign(key, secret, nonce)}
    return {name: value for name, value in {**names, **changes}.items() if value is not None}


class Asker:
    """Someone with the API key."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method, path, headers_=None, **options):
        signed = headers(self.sandbox.key, self.sandbox.secret)
        return self.session.request(
            method,
            self.sandbox.base_url + path,
            headers={**signed, **(headers_ or {})},
            timeout=10,
            allow_redirects=False,
            **options,
        )

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def create(self, body=None, **options):
        return self.ask("POST", CUSTOMERS, json=individual() if body is None else body, **options)

    def uid(self, body=None):
        reply = self.create(body)
        assert reply.status_code in (200, 201), reply.text
        return reply.json()["uid"]

    def upload(self, content=JPEG, filename="scan.jpg", path=UPLOADS, **fields):
        return self.ask("POST", path, data=fields, files={"upload": (filename, content)})

    def send_person_set(self, uid, field="customer_uid", path=UPLOADS):
        for doc_type, number, expire in (
            ("Passport", "A1234567", "2090-01-01"),
            ("Selfie", "", ""),
            ("Proof of Address", "", ""),
        ):
            fields = {field: uid, "doc_type": doc_type}
            if number:
                fields |= {"doc_number": number, "doc_expire": expire}
            assert self.upload(path=path, **fields).status_code == 200

    def customer(self, uid):
        return next(one for one in self.sandbox.state()["customers"] if one["uid"] == uid)


def individual(**changes):
    body = {
        "entity_type": "individual",
        "email": f"person{next(_numbers)}@example.com",
        "phone_number": "+27821234567",
        "first_name": "Noël",
        "last_name": "Allain",
        "dob": "1990-01-15",
        "address": "123 Main Street",
        "postcode": "7700",
        "city": "Cape Town",
        "country": "ZA",
        "nationality": "ZA",
        "country_of_residence": "ZA",
        "id_number": "9001155800087",
        "occupation": "Accountant",
        "source_of_funds": "Salary or Wages",
    }
    return _changed(body, changes)


def ubo(**changes):
    body = individual(ownership_percentage=60, is_director=True)
    for name in ("entity_type", "phone_number", "country_of_residence"):
        del body[name]
    return _changed(body, changes)


def business(ubos=None, profile=None, **changes):
    body = {
        "entity_type": "business",
        "email": f"office{next(_numbers)}@example.com",
        "phone_number": "+27821234567",
        "account_name": "ACME Corporation",
        "business_profile": _changed(
            {
                "company_name": "ACME Corp (Pty) Ltd",
                "registration_number": "2020/123456/07",
                "registration_country": "ZA",
                "industry": "Financial Services",
                "purpose_of_account": "Payments",
                "expected_monthly_volume_usd": 500000,
            },
            profile or {},
        ),
        "ubos": [ubo(), ubo(ownership_percentage=40)] if ubos is None else ubos,
    }
    return _changed(body, changes)


def _changed(body, changes):
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}
