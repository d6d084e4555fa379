"""Run a folder of judges, tours of every command and method of unmodified clients, against us and a real Keystone.

    python -m tests.cloud.judges FOLDER [NAME...]

FOLDER holds setup_identity.py, which makes people in Keystone, and the judges cli_tour.sh and sdk_tour.py (NAME: only
those). Each says PASS or FAIL on every step and writes a summary; the sums are told here. Nothing of the folder is changed.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cloud import conftest
from tests.cloud.conftest import Service
from tests.servers import keystone, network, process
from tests.system.house import ROOT

PYTHON = ROOT / "build/client/bin/python"
JUDGES = {"cli_tour.sh": "bash", "sdk_tour.py": str(PYTHON)}
WAIT_S = 60


def main(folder: Path, names: list[str]) -> int:
    """Bring everything up and let every judge judge; how many steps failed."""
    with (
        keystone.running() as identity,
        network.running() as net,
        tempfile.TemporaryDirectory(prefix="hydria-judges-") as own,
        conftest.serving(identity, Path(own), "10.60") as service,
    ):
        _identity(service, folder, net)
        return sum(_judged(service, folder, name) for name in names or JUDGES)


def _environment(service: Service) -> dict[str, str]:
    person = service.keystone.environment("admin", "admin")
    return {**os.environ, **person, "OPENSTACK": str(conftest.CLIENT), "TOUR_WAIT": str(WAIT_S)}


def _identity(service: Service, folder: Path, net: str) -> None:
    """The people, and the catalogue."""
    for kind, url in (("load-balancer", f"http://127.0.0.1:{service.port}"), ("network", net)):
        service.keystone.offer(kind, url)
    more = {"LB_ENDPOINT": f"http://127.0.0.1:{service.port}", "NETWORK_ENDPOINT": net}
    subprocess.run([PYTHON, folder / "setup_identity.py"], env={**_environment(service), **more}, check=True)


def _judged(service: Service, folder: Path, name: str) -> int:
    """How many steps of a judge failed; what it says is told as it says it."""
    with process.folder("root") as where:
        out = where / "summary.json"
        line = [JUDGES[name], str(folder / name)]
        subprocess.run(line, env={**_environment(service), "TOUR_OUT": str(out)}, check=False, cwd=where)
        said = json.loads(out.read_text())
    print(
        f"== {name}: PASS {said['pass']} FAIL {said['fail']} SKIP {said.get('skip', 0)} in {said['wall_s']} s",
        flush=True,
    )
    return int(said["fail"])


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]).absolute(), sys.argv[2:]), 1))
