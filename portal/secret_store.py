"""Settings from HashiCorp's Vault (or OpenBao): what neither the environment nor a file gives.

Read once, as a process starts. Signing in and renewing the token are the business of Vault's agent, which
leaves its token in a file (`VAULT_TOKEN_FILE`).
"""

from collections.abc import Collection, Mapping

from django.core.exceptions import ImproperlyConfigured

SECONDS = 10


def from_vault(given: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """The `known` settings in the secret that `VAULT_SECRET` names (`<mount>/<path>`, key-value version 2).

    Nothing where it names none. ImproperlyConfigured where the secret can't be read, without a word of it.
    """
    secret = given.get("VAULT_SECRET", "").strip("/")
    if not secret:
        return {}
    missing = [name for name in ("VAULT_ADDR", "VAULT_TOKEN") if not given.get(name)]
    mount, _slash, path = secret.partition("/")
    if missing or not path:
        raise ImproperlyConfigured(
            f"VAULT_SECRET is set, {' and '.join(missing)} not: name the Vault and give its token."
            if missing
            else "VAULT_SECRET is not `<mount>/<path>`, such as `secret/portal`."
        )
    held = {name: value for name, value in _read(given, mount, path).items() if name in known}
    if wrong := sorted(name for name, value in held.items() if not isinstance(value, str | int | float)):
        raise ImproperlyConfigured(f"In the Vault, {', '.join(wrong)} must be text, as in the environment.")
    return {name: str(value) for name, value in held.items() if value != ""}


def _read(given: Mapping[str, str], mount: str, path: str) -> Mapping[str, object]:
    import hvac  # loaded where a Vault is named
    import requests
    from hvac.exceptions import Forbidden, InvalidPath, VaultError

    session = requests.Session()
    # No proxy of the environment stands between a key and this process.
    session.trust_env = False
    # Said to the session: hvac passes over its own argument where it is given one.
    session.verify = given.get("VAULT_CACERT") or True
    client = hvac.Client(
        url=given["VAULT_ADDR"],
        token=given["VAULT_TOKEN"],
        namespace=given.get("VAULT_NAMESPACE") or None,
        timeout=SECONDS,
        allow_redirects=False,
        session=session,
    )
    try:
        answer = client.secrets.kv.v2.read_secret_version(
            path=path, mount_point=mount, raise_on_deleted_version=True
        )
        return dict(answer["data"]["data"])
    except Forbidden:
        reason = "it refuses the token. Look at the token's policy, and whether it ran out."
    except InvalidPath:
        reason = "there is no such secret. VAULT_SECRET is `<mount>/<path>` of a key-value store, version 2."
    except (VaultError, OSError, KeyError, TypeError, ValueError) as error:
        reason = f"it does not answer as it should ({type(error).__name__})."
    finally:
        session.close()
    raise ImproperlyConfigured(f"The settings can't be read from the Vault at VAULT_ADDR: {reason}")
