"""Settings from a Vault: what it holds fills what nothing else gives; what is wrong is said in one line."""

import datetime
import http.server
import ipaddress
import json
import ssl
import subprocess
import sys
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from portal.secret_store import from_vault
from tests.portal.installation import environment
from tests.portal.test_settings import PRODUCTION, refusal, values

TOKEN = "hvs.token-of-this-test"
HELD = {
    "SECRET_KEY": "another-key-of-this-test-that-is-long-enough-0123456789-0123456789",
    "PORTAL_KEYS": "1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "METRICS_TOKEN": "held-in-the-vault-and-long-enough",
    "PATH": "/of/somebody/else",
}


class Imitation(http.server.BaseHTTPRequestHandler):
    """A key-value store, version 2, as Vault's API documents its answers."""

    def do_GET(self):
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self.say(403, {"errors": ["permission denied"]})
        if self.path == "/v1/secret/data/moved":
            self.send_response(307)
            self.send_header("Location", "/v1/secret/data/portal")
            return self.end_headers()
        if self.path != "/v1/secret/data/portal":
            return self.say(404, {"errors": []})
        return self.say(200, {"data": {"data": HELD, "metadata": {"version": 3, "deletion_time": ""}}})

    def say(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words):
        pass


def serving(scheme="http", context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Imitation)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"{scheme}://127.0.0.1:{server.server_port}"
    yield {"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN, "VAULT_SECRET": "secret/portal"}
    server.shutdown()
    server.server_close()


@pytest.fixture
def vault():
    yield from serving()


@pytest.fixture
def own_authority(tmp_path):
    """A certificate of 127.0.0.1 that no system knows: the file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    return path


@pytest.fixture
def vault_of_an_own_authority(own_authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_authority)
    yield from serving("https", context)


def test_a_vault_with_a_certificate_of_an_own_authority_is_read_where_that_is_named(
    vault_of_an_own_authority, own_authority, tmp_path
):
    given = vault_of_an_own_authority
    known = {"PORTAL_KEYS"}
    assert from_vault(given | {"VAULT_CACERT": str(own_authority)}, known)["PORTAL_KEYS"]
    for other in ({}, {"VAULT_CACERT": str(tmp_path / "nothing.pem")}):
        with pytest.raises(ImproperlyConfigured, match="does not answer as it should"):
            from_vault(given | other, known)


def test_no_proxy_of_the_environment_stands_in_between(vault, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert from_vault(vault, {"PORTAL_KEYS"}) == {"PORTAL_KEYS": HELD["PORTAL_KEYS"]}


def test_what_is_no_text_in_the_vault_is_refused_by_name(vault, monkeypatch):
    monkeypatch.setitem(HELD, "ALLOWED_HOSTS", ["a.example", "b.example"])
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS must be text"):
        from_vault(vault, {"ALLOWED_HOSTS"})


def test_a_production_takes_its_keys_from_the_vault(tmp_path, vault):
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    given = {**vault, "ALLOWED_HOSTS": "portal.example.com", "VAULT_TOKEN_FILE": str(token)}
    del given["VAULT_TOKEN"]
    found = values("SECRET_KEY", "PORTAL_KEYS", env=environment(tmp_path, **given))
    assert found == [HELD["SECRET_KEY"], HELD["PORTAL_KEYS"]]


def test_the_environment_leads_and_unknown_names_are_passed_over(tmp_path, vault):
    given = {**vault, **PRODUCTION}
    found = values("SECRET_KEY", "METRICS_TOKEN", env=environment(tmp_path, **given))
    assert found == [PRODUCTION["SECRET_KEY"], HELD["METRICS_TOKEN"]]
    assert "PATH" not in from_vault(vault, {"PORTAL_KEYS"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"VAULT_TOKEN": "hvs.another"}, "refuses the token"),
        ({"VAULT_SECRET": "secret/nothing"}, "no such secret"),
        ({"VAULT_SECRET": "secret/moved"}, "does not answer as it should"),
        ({"VAULT_SECRET": "secret"}, "<mount>/<path>"),
        ({"VAULT_ADDR": "http://127.0.0.1:1"}, "does not answer as it should"),
        ({"VAULT_ADDR": ""}, "VAULT_ADDR not"),
        ({"VAULT_TOKEN": ""}, "VAULT_TOKEN not"),
    ],
)
def test_a_vault_that_can_not_be_read_stops_the_start_with_one_line(tmp_path, vault, change, said):
    given = vault | change
    told = refusal(environment(tmp_path, **given))
    assert said in told
    assert not any(secret in told for secret in (given["VAULT_TOKEN"] or TOKEN, *HELD.values()))


def test_where_none_is_named_nothing_is_asked_and_nothing_loaded(tmp_path):
    code = "import sys, portal.settings; print('hvac' in sys.modules)"
    env = environment(tmp_path, VAULT_ADDR="http://127.0.0.1:1", VAULT_TOKEN=TOKEN)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
