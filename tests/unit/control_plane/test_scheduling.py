"""Why a pod fits on no node."""

import msgspec
import pytest

from eks_log_forwarder.control_plane.scheduling import Reason, Scheduling, parse_scheduling

TAINT = "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
ERRORS = [
    (
        f"0/315 nodes are available: 259 Insufficient cpu, 56 {TAINT}.",
        Scheduling(315, 0, [Reason("Insufficient cpu", 259), Reason(TAINT, 56)]),
    ),
    (
        (
            "0/3 nodes are available: 1 Insufficient memory, 2 Too many pods. preemption: "
            "0/3 nodes are available: 1 No preemption victims found for incoming pod, "
            "2 Preemption is not helpful for scheduling."
        ),
        Scheduling(
            3,
            0,
            [Reason("Insufficient memory", 1), Reason("Too many pods", 2)],
            [
                Reason("No preemption victims found for incoming pod", 1),
                Reason("Preemption is not helpful for scheduling", 2),
            ],
        ),
    ),
    (
        (
            "0/4 nodes are available: 4 Insufficient vpc.amazonaws.com/pod-eni. no new claims to deallocate, "
            "preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
        ),
        Scheduling(
            4,
            0,
            [Reason("Insufficient vpc.amazonaws.com/pod-eni", 4)],
            [Reason("Preemption is not helpful for scheduling", 4)],
        ),
    ),
    (
        "0/2 nodes are available: 2 node(s) had taint {team: a}, that the pod didn't tolerate.",
        Scheduling(2, 0, [Reason("node(s) had taint {team: a}, that the pod didn't tolerate", 2)]),
    ),
    (
        (
            "0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: "
            "0/5 nodes are available: 5 Preemption is not helpful for scheduling."
        ),
        Scheduling(
            5,
            0,
            [Reason("pod has unbound immediate PersistentVolumeClaims")],
            [Reason("Preemption is not helpful for scheduling", 5)],
        ),
    ),
    (
        "running plugin: 1/2 nodes are available: 1 Insufficient cpu",
        Scheduling(2, 1, [Reason("Insufficient cpu", 1)]),
    ),
    (
        (
            "0/1  nodes are available: 1 Insufficient cpu.. preemption: not eligible due to "
            "preemptionPolicy=Never.."
        ),
        Scheduling(
            1, 0, [Reason("Insufficient cpu", 1)], [Reason("not eligible due to preemptionPolicy=Never")]
        ),
    ),
    (
        "0/3 nodes are available: 1 node(s) didn't match the selector., 2 Insufficient cpu..",
        Scheduling(3, 0, [Reason("node(s) didn't match the selector", 1), Reason("Insufficient cpu", 2)]),
    ),
    ("0/7 nodes are available:", Scheduling(7, 0)),
    ("0/7 nodes are available: .", Scheduling(7, 0)),
]


@pytest.mark.parametrize(("error", "expected"), ERRORS)
def test_parses_the_reasons_with_their_node_counts(error: str, expected: Scheduling) -> None:
    """Each reason comes with the number of its nodes, those of preemption apart."""
    assert parse_scheduling(error) == expected


def test_a_record_says_that_none_is_available() -> None:
    """The count of available nodes is present even if it is 0."""
    assert msgspec.json.encode(parse_scheduling("0/1 nodes are available: 1 Too many pods.")) == (
        b'{"nodes":1,"available":0,"reasons":[{"reason":"Too many pods","nodes":1}]}'
    )


@pytest.mark.parametrize(
    "error",
    ["", "no nodes available to schedule pods", "many nodes are available: 1 x", "0/3 nodes are ready"],
)
def test_other_errors_have_no_scheduling(error: str) -> None:
    """An error of another form gives None."""
    assert parse_scheduling(error) is None


def test_a_long_list_of_reasons_ends_in_one_reason() -> None:
    """The text of the reasons over the bound is kept, but not split."""
    scheduling = parse_scheduling("0/9 nodes are available: " + ", ".join(f"{n} x{n}" for n in range(5000)))
    assert scheduling is not None
    assert len(scheduling.reasons) == 101
    assert scheduling.reasons[99] == Reason("x99", 99)
    assert scheduling.reasons[100].reason.startswith("x100, 101 x101, ")
