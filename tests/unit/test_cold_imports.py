"""What a cold start pays for: nothing is imported that the settings do not use."""

import os
import subprocess
import sys

import pytest

from eks_log_forwarder.config.settings import DestinationName

# the packages that settings bring, and those of AWS that an invocation brings when it parks or reads a secret
COSTLY = (
    "ahocorasick_rs",
    "boto3",
    "botocore.session",
    "eks_log_forwarder.audit_policy",
    "eks_log_forwarder.detection",
    "eks_log_forwarder.redaction",
    "eks_log_forwarder.redrive",
    "google.protobuf",
    "jinja2",
    "re2",
    "sigma",
    "yaml",
)
BARE = {"DETECTIONS": "off", "REDACT": "off"}
REDACTION = {"ahocorasick_rs", "eks_log_forwarder.redaction"}
# who and what a detection saw is redacted too, before it is logged
DETECTIONS = REDACTION | {
    "eks_log_forwarder.detection",
    "re2",
    "sigma",
    "yaml",
}

# what only rare events, answers and settings need
RARE = (
    "eks_log_forwarder.control_plane.audit_json",
    "eks_log_forwarder.control_plane.audit_salvage",
    "eks_log_forwarder.destinations.amazon_opensearch",
    "eks_log_forwarder.destinations.web_page",
    "eks_log_forwarder.record.ocsf",
)

PROGRAM = """
import sys
from eks_log_forwarder import forward_handler, wiring
wiring.forwarder()
print(*sys.modules)
"""


DATA_CLASSES = """
import sys
from eks_log_forwarder import forward_handler, wiring
wiring.forwarder()
modules = [module for name, module in sys.modules.items() if name.startswith("eks_log_forwarder.")]
classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
ours = {kind for kind in classes if kind.__module__.startswith("eks_log_forwarder.")}
print(*(kind.__name__ for kind in ours if "__dataclass_fields__" in vars(kind)))
"""


def imported(environ: dict[str, str], program: str = PROGRAM) -> set[str]:
    """The modules of a new process whose handler is ready for its first event."""
    result = subprocess.run(  # noqa: S603  # this test's own program
        [sys.executable, "-W", "ignore", "-c", program],
        env={
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DESTINATION_URL": "https://collector.example.internal/",
            "UNDELIVERED_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/111122223333/undelivered",
            "DESTINATION_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:token",
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (BARE, set()),
        (BARE | {"AUDIT_POLICY": "none"}, set()),
        (BARE | {"REDACT": "on"}, REDACTION),
        (BARE | {"AUDIT_POLICY": "quiet"}, {"eks_log_forwarder.audit_policy", "yaml"}),
        (BARE | {"DETECTIONS": "on"}, DETECTIONS | REDACTION),  # whom and what a log line names is redacted
    ],
    ids=["bare", "no policy", "redaction", "policy", "detections"],
)
def test_imports_what_the_settings_switch_on_and_nothing_else(
    environ: dict[str, str], expected: set[str]
) -> None:
    """Of the costly packages, those that the settings use; never boto3, queue and secret or not."""
    modules = imported(environ)
    assert {name for name in COSTLY if name in modules} == expected


@pytest.mark.parametrize("destination", DestinationName)
def test_imports_no_other_destination(destination: DestinationName) -> None:
    """Of the collectors' modules, the chosen one's alone."""
    modules = imported(BARE | {"DESTINATION": destination})
    loaded = {name for name in DestinationName if f"eks_log_forwarder.destinations.{name}" in modules}
    assert loaded == {destination}


def test_imports_what_rare_cases_need_only_when_one_comes() -> None:
    """Neither the reader of cut events nor that of web pages, and no format that is not chosen."""
    assert imported(BARE).isdisjoint(RARE)
    ocsf = imported(BARE | {"RECORD_FORMAT": "ocsf"})
    assert {name for name in RARE if name in ocsf} == {"eks_log_forwarder.record.ocsf"}


@pytest.mark.parametrize("destination", DestinationName)
def test_values_are_structs(destination: DestinationName) -> None:
    """A data class takes 0.5 ms to make, a struct 0.01. Answer is one: its equality leaves out a time."""
    environ = BARE | {"DESTINATION": destination, "DETECTIONS": "on"}
    assert imported(environ, DATA_CLASSES) == {"Answer"}
