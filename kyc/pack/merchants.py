"""The merchants that a pack names: known here, or asked for at the exchange first."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from customers.known import merchant_unknown
from customers.merchants import list_merchants, pull_merchants
from customers.models import SELF_UID, Merchant
from exchange.client import ExchangeClient
from exchange.client.errors import ExchangeError
from kyc.pack.unreadable import PackUnreadable

_BATCH = 5_000


def find_merchants(
    wanted: set[str],
    *,
    default_uid: str,
    actor: User,
    is_dry: bool,
    make_client: Callable[[], ExchangeClient],
) -> tuple[dict[str, Merchant], Merchant]:
    """The merchants among `wanted` that exist, by uid, and the one for rows that name none ("").

    Unknown ones are pulled from the exchange first; a dry run only asks. PackUnreadable where it can't be
    asked, or where there is no `default_uid`.
    """
    # Asked before the exchange is, and for each merchant again below.
    policy.require(actor, "customer.register")
    needs_default, wanted = "" in wanted, wanted - {""}
    if default_uid:
        wanted = wanted | {default_uid}
    known = _known(wanted)
    if missing := wanted - known.keys():
        known |= _ask(missing, actor, is_dry, make_client)
    default = known.get(default_uid) if default_uid else _own(is_dry)
    if default is None:
        problem = merchant_unknown(default_uid)
        raise PackUnreadable(problem.message, problem.remedy, where=f"--merchant {default_uid}")
    for uid in {*known, *([default.uid] if needs_default or default_uid else [])}:
        policy.require(actor, "customer.register", uid)
    return known, default


def _ask(
    missing: set[str], actor: User, is_dry: bool, make_client: Callable[[], ExchangeClient]
) -> dict[str, Merchant]:
    client = make_client()
    try:
        if is_dry:
            return {uid: Merchant(uid=uid) for uid in list_merchants(client) if uid in missing}
        # The list is the installation's own, whoever hands in the pack that made it necessary.
        pull_merchants(client, actor=User.objects.machine())
        return _known(missing)
    except ExchangeError as error:
        raise PackUnreadable(
            _("The pack names merchants not known here, and the exchange could not be asked. %(why)s")
            % {"why": error},
            _("Try again when the exchange answers."),
        ) from None
    finally:
        client.close()


def _known(uids: set[str]) -> dict[str, Merchant]:
    ordered = sorted(uids)
    found: dict[str, Merchant] = {}
    for start in range(0, len(ordered), _BATCH):
        batch = Merchant.objects.filter(uid__in=ordered[start : start + _BATCH])
        found |= {merchant.uid: merchant for merchant in batch}
    return found


def _own(is_dry: bool) -> Merchant:
    """The aggregator's own row; a dry run makes none."""
    if is_dry:
        own = Merchant.objects.filter(is_self=True).first()
        return own or Merchant(uid=SELF_UID, is_self=True)
    return Merchant.objects.own()
