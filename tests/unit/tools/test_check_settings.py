"""Parameters that would fail at the first event are refused before the deploy."""

from pathlib import Path

import pytest

from tools.check_settings import faults, main

GOOD = {"ClusterName": "prod", "DestinationUrl": "https://xplg.example:30443/logeye/api/logger.jsp"}


def test_the_committed_file_has_no_fault() -> None:
    """In any environment."""
    assert main() == 0


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        ({"AuditPolicy": "quite"}, "quite"),
        ({"DisabledDetections": "no_such_rule"}, "no_such_rule: is disabled, but no rule has this"),
        ({"DisabledDetections": "all,privileged_pod"}, "all: is disabled, but no rule has this"),
        ({"TrustedCidrs": "10.0.0.0/33"}, "TRUSTED_CIDRS contains '10.0.0.0/33'"),
        ({"Destination": "loki", "DestinationOptions": '{"index":"main"}'}, "index"),
        ({"Destination": "lokki"}, "Destination: choose one of xplg, http"),
        ({"DestinationUrl": "https://h/?token=x"}, "DestinationUrl: A full http or https URL"),
        ({"Environment": "prod"}, "xplg and splunk_hec accept nothing without a token"),
        ({"SubnetIds": "subnet-1"}, "SubnetIds needs SecurityGroupIds"),
        ({"Architecture": "arm64"}, "Architecture is not a parameter of template.yaml"),
        ({"ClusterName": ""}, "ClusterName: The name of an EKS cluster"),
    ],
)
def test_a_value_that_would_fail_later_is_a_fault(overrides: dict[str, str], fault: str) -> None:
    """By the template's own patterns and rules, and by the functions' own code."""
    (found,) = faults(GOOD | overrides)
    assert fault in found


@pytest.mark.parametrize(
    "overrides", [{}, {"AuditPolicy": "quiet"}, {"DisabledDetections": "all"}, {"TrustedCidrs": "10.0.0.0/8"}]
)
def test_good_values_have_no_fault(overrides: dict[str, str]) -> None:
    """A policy, detections off, networks."""
    assert list(faults(GOOD | overrides)) == []


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        ({}, []),
        ({"OrganizationId": "o-a1b2c3d4e5", "SourceAccounts": "444455556666,777788889999"}, []),
        ({"OrganizationId": "r-a1b2"}, ["OrganizationId: The id of an organization"]),
        ({"SourceAccounts": "444455556666,77"}, ["SourceAccounts: Account ids of 12 digits"]),
        ({"ClusterName": "prod"}, ["ClusterName is not a parameter of central.yaml"]),
        ({"AuditPolicy": "quite"}, ["quite"]),
    ],
)
def test_a_section_of_another_template_is_checked_against_that_one(
    overrides: dict[str, str], found: list[str]
) -> None:
    """The template for other accounts has no cluster."""
    told = list(faults({"DestinationUrl": GOOD["DestinationUrl"]} | overrides, "central.yaml"))
    assert len(told) == len(found)
    assert all(part in fault for part, fault in zip(found, told, strict=True))


def test_a_required_parameter_without_a_value_is_a_fault() -> None:
    """For both of them."""
    assert list(faults({})) == ["ClusterName has no value", "DestinationUrl has no value"]


def test_the_fault_names_file_and_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit status 1."""
    path = tmp_path / "samconfig.toml"
    path.write_text(
        'version = 0.1\n[prod.deploy.parameters]\nparameter_overrides = "ClusterName=a"\n', encoding="utf-8"
    )
    assert main(path) == 1
    assert capsys.readouterr().err == (
        "samconfig.toml, [prod.deploy.parameters]: DestinationUrl has no value\n"
    )
