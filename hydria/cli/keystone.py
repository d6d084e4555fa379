"""Keystone, as the commands of this machine see it: whether it takes the account of this service."""

from importlib import import_module
from typing import Any

from hydria.cli import bounded
from hydria.cli.trouble import Trouble
from hydria.drivers import faults

REQUEST_S = 3.0
LIMIT_S = 5.0
"""For all requests together."""
INSTALL = "install what speaks to Keystone: requirements/openstack.txt"


def account(settings: Any) -> Any:
    """The account of [keystone_authtoken]; raises Trouble."""
    try:
        module = import_module("hydria.drivers.identity.account")
    except ModuleNotFoundError as error:
        raise Trouble(f"auth_strategy = keystone: {error}", INSTALL) from error
    return told(lambda: module.Account(settings.conf, REQUEST_S))


def keystone_takes_us(settings: Any) -> str:
    """Keystone answers, lets the account of this service in, and lets it ask whose a token is. Raises Trouble."""

    def look() -> str:
        ours = account(settings)
        entry = ours.enter()
        ours.may_validate(entry)
        return f"{ours.url} takes {entry.user} of project {entry.project} ({', '.join(entry.roles)})"

    return str(within(look))


def token(settings: Any) -> str:
    """A token of the account; raises Trouble."""
    return str(within(lambda: account(settings).enter().token))


def skew(settings: Any) -> float:
    """By how many seconds our clock is ahead of Keystone's; raises Trouble."""
    return float(within(lambda: account(settings).skew()))


def within(look: Any) -> Any:
    """The same within the limit; what Keystone refuses as Trouble."""
    try:
        return bounded.Begun(lambda: told(look)).result(LIMIT_S)
    except Trouble as trouble:
        if trouble.reason.startswith("it did not"):
            why = f"Keystone does not answer within {LIMIT_S:.0f} s"
            raise Trouble(why, "see [keystone_authtoken] auth_url and the way there") from trouble
        raise


def told(look: Any) -> Any:
    """What a driver refuses, as Trouble."""
    try:
        return look()
    except faults.Fault as fault:
        raise Trouble(str(fault), fault.remedy) from fault
