"""Who may do what: the engine that asks the rules, and remembers what they said."""

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from oslo_config import cfg
from oslo_policy import policy

from hydria.api import policies
from hydria.domain.refusals import Forbidden
from hydria.drivers.identity import Caller
from hydria.kit import log
from hydria.kit.clock import Clock

LOG = log.get()
REMEMBERED = 10_000
KEPT_S = 1.0
"""How long an answer counts: a policy file may change, and a rule may ask somebody else."""
WHY = {"deprecated_reason": "the roles of this service give way to those of all", "deprecated_since": "Wallaby"}
NOBODY = "-"
"""In the place of a project that is not named, so that two of them are never the same."""


@dataclass(frozen=True)
class PolicySettings:
    """Settings of the rules."""

    policy_file: str | None = None
    """A file whose rules replace ours."""
    enforce_scope: bool = True
    """False: tokens of the whole system or of a domain count too."""
    enforce_new_defaults: bool = True
    """False: the roles load-balancer_* count beside reader, member and admin."""


class Policy(Protocol):
    """Who may do what."""

    def known(self, caller: Caller) -> Caller:
        """The same caller, with what the rules say about them."""
        ...

    def may(self, caller: Caller, action: str, project_id: str) -> bool:
        """Whether a caller may do an action, such as `pool:get_one`, to what a project owns."""
        ...


class Open:
    """Everybody may do everything."""

    def known(self, caller: Caller) -> Caller:
        return replace(caller, is_admin=True)

    def may(self, caller: Caller, action: str, project_id: str) -> bool:
        return True


class Rules:
    """What rules say, ours or a policy file's. Raises ValueError for a file that cannot be used."""

    def __init__(self, settings: PolicySettings, clock: Clock) -> None:
        self._file = Path(settings.policy_file) if settings.policy_file else None
        if self._file:
            check(self._file)
        self._enforcer = enforcer(settings)
        self._changed: float | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[tuple[str, Caller, str], bool] = {}
        self._since = clock.monotonic()

    def known(self, caller: Caller) -> Caller:
        return replace(caller, is_admin=self._says(policies.ADMINISTRATOR, caller, NOBODY))

    def may(self, caller: Caller, action: str, project_id: str) -> bool:
        return self._says(policies.PREFIX + action, caller, project_id or NOBODY)

    def _says(self, rule: str, caller: Caller, project_id: str) -> bool:
        now = self._clock.monotonic()
        if now - self._since >= KEPT_S or len(self._said) >= REMEMBERED:
            self._said, self._since = {}, now
            self._look()
        key = (rule, caller, project_id)
        found = self._said.get(key)
        if found is None:
            found = self._said[key] = self._asked(rule, caller, project_id)
        return found

    def _look(self) -> None:
        """Let the engine read the file again where it has changed; one that is broken or gone leaves the rules as they were."""
        if self._file is None:
            return
        changed = self._file.stat().st_mtime if self._file.exists() else None
        if changed == self._changed:
            return
        try:
            check(self._file)
        except (OSError, ValueError) as error:
            LOG.warning("policy.unusable", why=str(error))
            self._enforcer.use_conf = False
        else:
            self._enforcer.use_conf = True
        self._changed = changed

    def _asked(self, rule: str, caller: Caller, project_id: str) -> bool:
        creds = {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "domain_id": caller.domain_id,
            "system_scope": caller.system_scope,
            "roles": list(caller.roles),
            "is_admin": caller.is_admin,
        }
        # A file that has changed is read again at the next question, and must not be half read when the next one comes.
        with self._lock:
            return bool(self._enforcer.authorize(rule, {"project_id": project_id}, creds))


def enforcer(settings: PolicySettings) -> policy.Enforcer:
    """The library's engine with our rules; raises ValueError for a policy file that cannot be used."""
    conf = cfg.ConfigOpts()
    conf([], project="hydria", default_config_files=[], default_config_dirs=[])
    made = policy.Enforcer(conf, policy_file=settings.policy_file or os.devnull)
    conf.set_override("enforce_new_defaults", settings.enforce_new_defaults, "oslo_policy")
    conf.set_override("policy_dirs", [], "oslo_policy")
    made.suppress_deprecation_warnings = made.suppress_default_change_warnings = True
    scopes = ["project"] if settings.enforce_scope else None
    for rule in policies.rules():
        older = policy.DeprecatedRule(rule.name, rule.older, **WHY) if rule.older else None
        made.register_default(policy.RuleDefault(rule.name, rule.check, deprecated_rule=older, scope_types=scopes))
    made.load_rules()
    made.use_conf = False
    return made


def check(file: Path) -> None:
    """Raise ValueError, with the name of the file and what was expected, for a policy file that cannot be used."""
    try:
        found = policy.parse_file_contents(file.read_text())
    except ValueError as error:
        message = f"policy file {file}: {' '.join(str(error).split())}"
        raise ValueError(message) from error
    if not isinstance(found, dict) or not all(isinstance(rule, str) for rule in found.values()):
        message = f'policy file {file}: expected lines such as "load-balancer:read": "role:reader"'
        raise ValueError(message)


def refusal(action: str) -> Forbidden:
    """What whoever may not do an action is told."""
    return Forbidden(
        "Policy does not allow this request to be performed: "
        f"it needs a role that passes the rule {policies.PREFIX}{action} in the project that owns the object."
    )
