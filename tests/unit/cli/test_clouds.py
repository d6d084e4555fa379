"""clouds.yaml holds what it is given, whatever a password looks like."""

import pytest
import yaml  # type: ignore[import-untyped]

from hydria.cli import clouds


@pytest.mark.parametrize(
    "password", ["plain", 'quo"te', "sp ace: #no", "back\\slash", "émile", "yes", "0123", "'", "{a}"]
)
def test_a_password_is_read_as_it_was_written(password: str) -> None:
    made = clouds.local("https://lb.example.org", {"hydria": ("demo", password, "demo")})
    text = clouds.text("/x/clouds.yaml", made)
    read = yaml.safe_load(text)["clouds"]["hydria"]
    assert (read["auth"]["password"], read["auth"]["auth_url"]) == (password, "https://lb.example.org/identity/v3")
    assert "OS_CLIENT_CONFIG_FILE=/x/clouds.yaml OS_CLOUD=hydria" in text


def test_an_open_door_has_no_identity() -> None:
    read = yaml.safe_load(clouds.text("x", clouds.opened("http://127.0.0.1:1")))
    assert read == {
        "clouds": {
            "hydria": {"auth_type": "none", "auth": {"endpoint": "http://127.0.0.1:1"}, "region_name": "RegionOne"}
        }
    }


def test_clients_of_this_machine_need_not_know_the_public_address() -> None:
    made = clouds.local("http://127.0.0.1:1", {"hydria": ("demo", "secret", "demo")}, public="https://lb.example.org")
    assert "lb.example.org" not in clouds.text("x", made)
    assert made["hydria"]["load_balancer_endpoint_override"] == "http://127.0.0.1:1"
    assert made["hydria"]["auth_type"] == "v3password"
