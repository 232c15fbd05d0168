"""The counts of many payloads: one tally for each account, cluster and log type."""

from msgspec.structs import fields

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.telemetry.api_answers import ApiAnswers
from eks_log_forwarder.telemetry.detection_counts import DetectionCounts
from eks_log_forwarder.telemetry.tallies import Tallies
from eks_log_forwarder.telemetry.tally import Tally

RULE = RuleRef("rule", "A rule", "high", [])


def full(factor: int) -> Tally:
    """A tally in which every field says something."""
    tally = Tally("prod", LogType.AUDIT, account="111122223333")
    for field in fields(Tally):
        if field.type is int:
            setattr(tally, field.name, factor)
        elif field.type is float:
            setattr(tally, field.name, float(factor))
    tally.reasons = {"http_503": factor, f"http_40{factor}": 1}
    tally.details = [f"detail {factor}"]
    tally.detections = DetectionCounts([Detection(RULE, f"{factor}", "ana", "pods")] * factor)
    tally.api_requests = {("pods", "list"): factor, ("secrets", f"verb {factor}"): 1}
    tally.api_answers = ApiAnswers(factor, {"list": [float(factor)], f"verb {factor}": [1.0]})
    return tally


def test_payloads_of_one_stream_add_up() -> None:
    """Every count is a sum, every age and latency the largest, and no field is forgotten."""
    tallies = Tallies()
    for factor in (4, 3, 2):
        tallies.add(full(factor))
    (sum_of_all,) = tallies
    for field in fields(Tally):
        if field.type is int:
            assert getattr(sum_of_all, field.name) == 9, field.name
        elif field.type is float:
            assert getattr(sum_of_all, field.name) == 4.0, field.name
    assert sum_of_all.reasons == {"http_503": 9, "http_404": 1, "http_403": 1, "http_402": 1}
    assert sum_of_all.details == ["detail 2", "detail 3", "detail 4"]
    assert (len(sum_of_all.detections), len(sum_of_all.detections.gravest())) == (9, 9)
    assert (sum_of_all.detections.by_rule, sum_of_all.detections.by_level) == ({"rule": 9}, {"high": 9})
    assert sum_of_all.api_requests == {
        ("pods", "list"): 9,
        ("secrets", "verb 4"): 1,
        ("secrets", "verb 3"): 1,
        ("secrets", "verb 2"): 1,
    }
    assert sum_of_all.api_answers.throttled == 9
    assert sum_of_all.api_answers.latencies_ms["list"] == [4.0, 3.0, 2.0]


def test_accounts_clusters_and_log_types_stay_apart() -> None:
    """Two accounts can have clusters of one name; the order is that of the stream."""
    tallies = Tallies()
    keys = [
        ("111122223333", "prod", LogType.AUDIT),
        ("444455556666", "prod", LogType.AUDIT),
        ("111122223333", "test", LogType.AUDIT),
        ("111122223333", "prod", LogType.API),
    ]
    for account, cluster, log_type in [*keys, *keys]:
        tallies.add(Tally(cluster, log_type, account=account, received=1, delivered=1))
    assert [(one.account, one.cluster, one.log_type, one.received) for one in tallies] == [
        (*key, 2) for key in keys
    ]


def test_a_merged_tally_keeps_its_bounds() -> None:
    """A hundred detections of a level, ten details."""
    tallies = Tallies()
    for number in range(50):
        tally = Tally("prod", LogType.AUDIT, details=[f"{number:02}"])
        tally.detections = DetectionCounts([Detection(RULE, f"{number}", "ana", "pods")] * 7)
        tallies.add(tally)
    (merged,) = tallies
    assert (len(merged.detections), len(merged.detections.gravest())) == (350, 100)
    assert merged.details == [f"{number:02}" for number in range(10)]
