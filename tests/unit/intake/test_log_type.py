"""The log type of a stream, from its name."""

import pytest

from eks_log_forwarder.intake.log_type import log_type_of_stream


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("kube-apiserver-audit-0123456789abcdef0123456789abcdef", "audit"),
        ("kube-apiserver-0123456789abcdef0123456789abcdef", "api"),
        ("authenticator-0123456789abcdef0123456789abcdef", "authenticator"),
        ("kube-controller-manager-0123456789abcdef0123456789abcdef", "controllerManager"),
        ("cloud-controller-manager-0123456789abcdef0123456789abcdef", "controllerManager"),
        ("kube-scheduler-0123456789abcdef0123456789abcdef", "scheduler"),
        ("karpenter-0123456789abcdef0123456789abcdef", "unknown"),
        ("my-kube-scheduler-1", "unknown"),
        ("", "unknown"),
    ],
)
def test_tells_the_log_type_by_the_prefix(stream: str, expected: str) -> None:
    """Each of EKS's streams has its type, and a stream of any other name is unknown."""
    assert log_type_of_stream(stream) == expected
