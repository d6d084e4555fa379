"""How a deployment starts its processes."""

from pathlib import Path

import pytest

from hydria import configuration, main
from hydria.cli.deployment import Deployment


@pytest.mark.parametrize("there", [True, False])
def test_processes_are_given_the_settings_file_only_where_there_is_one(tmp_path: Path, there: bool) -> None:
    file = tmp_path / "hydria.conf"
    if there:
        file.write_text("[DEFAULT]\n")
    settings = configuration.read(file)
    words = Deployment(settings, main._parts(settings)).command("api")
    assert ("--config" in words) is there
    assert words[-1] == "api"
