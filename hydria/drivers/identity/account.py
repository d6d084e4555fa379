"""The account of this service at Keystone, as the settings file says it: whether it works, and what it opens.

Faults: Temporary and Refused, each with its remedy; nothing else.
"""

import contextlib
import email.utils
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keystoneauth1 import exceptions, loading, session
from oslo_config import cfg

from hydria.drivers import faults

GROUP = "keystone_authtoken"
KNOWN = {"password": "password", "v3password": "v3password", "v3applicationcredential": "v3applicationcredential"}
"""Kinds of accounts that clients can be told of, and what they call them."""
Failures = (exceptions.ClientException, exceptions.RetriableConnectionFailure, cfg.Error, OSError, ValueError)


@dataclass(frozen=True)
class Entry:
    """What Keystone let us in with."""

    token: str
    user: str
    project: str | None
    roles: tuple[str, ...]


class Account:
    """`conf` holds the settings file. Each request takes `seconds` at most."""

    def __init__(self, conf: Any, seconds: float) -> None:
        self._conf = conf
        with _told("", "complete", GROUP):
            loading.register_auth_conf_options(conf, GROUP)
            loading.register_session_conf_options(conf, GROUP)
            own = conf[GROUP]
            self.group = str(own.auth_section or GROUP)
            if not conf[self.group].auth_type:
                raise exceptions.OptionError("auth_type is missing, such as password")
            conf.register_opt(cfg.StrOpt("region_name"), group=GROUP)
            self._plugin: Any = loading.load_auth_from_conf_options(conf, GROUP)
            self.url = str(conf[self.group].auth_url or "")
            verify = False if own.insecure else own.cafile or True
            certificate = (own.certfile, own.keyfile) if own.certfile and own.keyfile else own.certfile
        self._session = session.Session(verify=verify, cert=certificate, timeout=seconds)

    def skew(self) -> float:
        """By how many seconds our clock is ahead of Keystone's; its words have a resolution of one."""
        before = time.time()
        said = email.utils.parsedate_to_datetime(self._reached().headers["Date"]).timestamp()
        return min((before - said, time.time() - said - 1), key=abs) if abs(before - said) > 1 else 0.0

    def enter(self) -> Entry:
        """Log in."""
        self._reached()
        with self._about():
            try:
                found = self._plugin.get_access(self._session)
            except exceptions.Unauthorized as error:
                what = f"Keystone at {self.url} refuses the account of [{self.group}]: {_words(error)}"
                remedy = "correct its user, password (or application credential), project and domains there"
                raise _refused(what, f"{remedy}; it needs a role in that project") from error
        return Entry(found.auth_token, found.username, found.project_name, tuple(found.role_names or ()))

    def may_validate(self, entry: Entry) -> None:
        """Raise Refused unless the account may ask whose a token is. Asked without a token: that alone tells."""
        with self._about():
            asked = {"X-Auth-Token": entry.token}
            answer = self._session.get(
                f"{_v3(self.url)}/auth/tokens", headers=asked, raise_exc=False, authenticated=False
            )
        if answer.status_code == 403:
            roles = ", ".join(entry.roles) or "none"
            what = (
                f"the account {entry.user} may not ask Keystone whose a token is; its roles in {entry.project}: {roles}"
            )
            raise _refused(what, f"openstack role add --user {entry.user} --project {entry.project} service")

    def cloud(self) -> dict[str, Any] | None:
        """The account as clients are told of one in clouds.yaml; None for kinds that are told otherwise."""
        kind = KNOWN.get(self._conf[self.group].auth_type)
        if kind is None:
            return None
        options = loading.get_plugin_loader(kind).get_options()
        known = {o.dest: self._conf[self.group][o.dest.replace("-", "_")] for o in options}
        own = self._conf[GROUP]
        transport = {"cacert": own.cafile, "cert": own.certfile, "key": own.keyfile}
        chosen = {"auth_type": kind, "auth": {k: v for k, v in known.items() if v is not None}}
        verify = {"verify": False} if own.insecure else {}
        region = {"region_name": own.region_name} if own.region_name else {}
        return chosen | {k: v for k, v in transport.items() if v} | verify | region

    def names(self) -> tuple[str, str]:
        """The user and the project that the settings name; what they do not name is in capitals."""
        given = self._conf[self.group]
        wanted = {"USER": ("username", "user_id"), "PROJECT": ("project_name", "project_id")}
        user, project = (
            next((str(given[n]) for n in names if getattr(given, n, None)), word) for word, names in wanted.items()
        )
        return user, project

    def _reached(self) -> Any:
        """What Keystone says of its versions."""
        with self._about():
            headers = {"Accept": "application/json"}
            answer = self._session.get(self.url, headers=headers, raise_exc=False, authenticated=False)
            if answer.status_code >= 500:
                what = f"Keystone at {self.url} fails: HTTP {answer.status_code}"
                raise _temporary(what, "see its log; its database or its own configuration may be at fault")
            if not _is_keystone(answer):
                what = f"there is no Keystone at {self.url}: HTTP {answer.status_code}, and no versions of identity"
                raise _refused(what, f"correct auth_url in [{self.group}]; it often ends in /v3 or in /identity")
            return answer

    def _about(self) -> contextlib.AbstractContextManager[None]:
        return _told(self.url, "correct", self.group)


def _v3(url: str) -> str:
    return url if url.rstrip("/").endswith("/v3") else f"{url.rstrip('/')}/v3"


def _is_keystone(answer: Any) -> bool:
    try:
        said = answer.json()
    except ValueError:
        return False
    return isinstance(said, dict) and ("versions" in said or "version" in said)


@contextlib.contextmanager
def _told(url: str, verb: str, group: str) -> Iterator[None]:
    """What the library raises, as faults with remedies."""
    try:
        yield
    except exceptions.SSLError as error:
        what = f"the certificate of Keystone at {url} is not trusted: {_words(error)}"
        raise _refused(what, f"name the authority that signed it: cafile in [{GROUP}]") from error
    except (exceptions.ConnectionError, exceptions.RetriableConnectionFailure) as error:
        what = f"Keystone does not answer at {url}"
        raise _temporary(what, f"start it, or see the way there; or correct auth_url in [{group}]") from error
    except exceptions.HttpServerError as error:
        raise _temporary(f"Keystone at {url} fails: {_words(error)}", "see its log") from error
    except Failures as error:
        raise _refused(f"[{group}]: {_words(error)}", f"{verb} the account of this service there") from error


def _words(error: Exception) -> str:
    """The last reason that a library gives, which is the first that happened; on one line."""
    text = str(error)
    for mark in ("certificate verify failed: ", "SSLError("):
        text = text.rpartition(mark)[2]
    return " ".join(text.split())[:200].rstrip(".'\")")


def _refused(what: str, remedy: str) -> faults.Refused:
    fault = faults.Refused(what)
    fault.remedy = remedy
    return fault


def _temporary(what: str, remedy: str) -> faults.Temporary:
    fault = faults.Temporary(what)
    fault.remedy = remedy
    return fault
