"""The figures of `make report`: each section counts what it says, and shows no secret."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetectionItem

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.policy_samples import policy_of
from tests.unit.detection_rules import rule_text
from tests.unit.tools.report_lines import DENIED, FAILING, PENDING, audit_line
from tools.listener.gist import possible_log_types
from tools.report.answers import percentile
from tools.report.cost import Covered
from tools.report.event import UNKNOWN_KLOG
from tools.report.lines import Line, read_files
from tools.report.report import Report
from tools.report.savings import record_bytes
from tools.report.tops import MAX_CHARACTERS, MAX_KEYS, OTHERS, Tops, shown

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SECRETS = audit_line(verb="list", objectRef={"resource": "secrets"}, user={"username": "bob"})
TOKEN = ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJkZW1vIn0", "c2lnbmF0dXJlLW9mLWEtZGVtbw"))  # noqa: FLY002  # scanners
RULES = {
    "secrets.yml": (
        "{verb: list, objectRef.resource: secrets}",
        "{product: kubernetes, service: audit}",
        "level: high\nid: 2f9b1c1e-5a7d-4a2c-9a55-6d0f6a8e3b10",
    ),
    "denied.yml": (
        "{msg: access denied}",
        "{product: aws, service: eks, category: authenticator}",
        "level: low\nid: 2f9b1c1e-5a7d-4a2c-9a55-6d0f6a8e3b11",
    ),
    "pending.yml": (
        "{message|contains: no fit}",
        "{product: aws, service: eks, category: scheduler}",
        "level: medium\nid: 2f9b1c1e-5a7d-4a2c-9a55-6d0f6a8e3b12",
    ),
}
DROP_LISTS = policy_of(
    "- {level: None, verbs: [list]}\n- {level: Metadata, verbs: [patch]}\n- {level: RequestResponse}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a rule for each of three log types."""
    folder = tmp_path_factory.mktemp("rules")
    for name, (selection, log_source, more) in RULES.items():
        text = rule_text(f"s: {selection}\ncondition: s", log_source=log_source, more=more)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rules(folder: Path) -> RuleSet:
    """The rules of the folder."""
    return RuleSet.load(folder)


def line_of(message: str) -> Line:
    """A message in a file that does not say what it holds."""
    return Line(message, possible_log_types(message), 1_768_384_800_000, is_dated=False)


def figures(rules: RuleSet, messages: Iterable[str], rows: int = 15) -> dict[str, Any]:
    """The report on some messages."""
    report = Report("lines", rules, {"drop-lists": DROP_LISTS})
    for message in messages:
        report.add(line_of(message))
    return report.as_json(NOW, rows)


def test_volume_is_counted_by_log_type_verb_resource_user_and_hour(rules: RuleSet) -> None:
    """The most bytes first; a rule's match says of which component a klog line is."""
    get, exec_ = (
        audit_line(),
        audit_line(verb="create", objectRef={"resource": "pods", "subresource": "exec"}),
    )
    found = figures(rules, [get, get, exec_, SECRETS, DENIED, PENDING, FAILING])
    volume = found["volume"]
    assert (found["lines"], found["bytes"]) == (
        7,
        2 * len(get) + len(exec_) + len(SECRETS) + len(DENIED) + len(PENDING) + len(FAILING),
    )
    assert (found["first"], found["last"]) == ("2026-01-14 10:00:00", "2026-01-14 11:00:00")
    assert {one["log_type"]: one["events"] for one in volume["by_log_type"]} == {
        "audit": 4,
        "authenticator": 1,
        "scheduler": 1,
        UNKNOWN_KLOG: 1,
    }
    assert volume["by_verb"][0] == {"verb": "get", "events": 2, "bytes": 2 * len(get)}
    assert {one["resource"]: one["events"] for one in volume["by_resource"]} == {
        "pods": 2,
        "pods/exec": 1,
        "secrets": 1,
    }
    assert {one["user"]: one["events"] for one in volume["by_user"]} == {"ana": 3, "bob": 1}
    assert [(one["hour"], one["log_type"], one["events"]) for one in volume["by_hour"]][-1] == (
        "2026-01-14T11:00Z",
        "authenticator",
        1,
    )


def test_detections_are_listed_by_rule_with_the_first_of_each_actor(rules: RuleSet) -> None:
    """The gravest first; an example says who, what, from where and the answer."""
    found = figures(rules, [DENIED, DENIED, SECRETS, SECRETS, SECRETS.replace("bob", "eve"), PENDING])
    by_rule = found["detections"]["by_rule"]
    assert [(one["file"], one["level"], one["hits"]) for one in by_rule] == [
        ("secrets.yml", "high", 3),
        ("pending.yml", "medium", 1),
        ("denied.yml", "low", 2),
    ]
    assert [one["actor"] for one in by_rule[0]["examples"]] == ["bob", "eve"]
    assert by_rule[0]["examples"][0] == {
        "time": "2026-01-14 10:00:00",
        "actor": "bob",
        "target": "secrets",
        "verb": "list",
        "code": 200,
        "source": "10.0.0.7",
        "user_agent": "kubectl/v1.33",
    }
    assert by_rule[2]["examples"][0]["error"] == "ARN is not mapped"


def test_the_filter_for_the_noisiest_rule_is_a_sigma_filter(rules: RuleSet) -> None:
    """PySigma reads it: the rule by its id, and the most frequent origin with escaped wildcards."""
    noisy = SECRETS.replace("bob", "ci*bot")
    silencing = figures(rules, [noisy, noisy, SECRETS, DENIED])["detections"]["silencing"]
    assert (silencing["hits"], silencing["silenced"], silencing["level"]) == (3, 2, "high")
    parsed = SigmaFilter.from_yaml(silencing["filter"])
    assert [getattr(one, "reference", one) for one in parsed.filter.rules] == [
        "2f9b1c1e-5a7d-4a2c-9a55-6d0f6a8e3b10"
    ]
    (item,) = parsed.filter.detections["selection"].detection_items
    assert isinstance(item, SigmaDetectionItem)
    assert (item.field, [str(value) for value in item.value]) == ("user.username", ["ci\\*bot"])


def test_the_filter_silences_as_many_matches_as_the_report_says(
    rules: RuleSet, folder: Path, tmp_path: Path
) -> None:
    """Saved beside the rules: of three matches another user's is left; a wildcard stays a character."""
    noisy = SECRETS.replace("bob", "ci*bot")
    lines = [noisy, noisy, SECRETS.replace("bob", "ci-other-bot")]
    silencing = figures(rules, lines)["detections"]["silencing"]
    (tmp_path / "silence.yml").write_text(silencing["filter"], encoding="utf-8")
    (left,) = figures(RuleSet.load(folder, tmp_path), lines)["detections"]["by_rule"]
    assert (silencing["hits"] - silencing["silenced"], left["hits"]) == (1, 1)
    assert left["examples"][0]["actor"] == "ci-other-bot"


@pytest.mark.parametrize(
    ("message", "selection"),
    [
        (DENIED, '    arn: "arn:aws:iam::111122223333:role/ci"\n'),
        (PENDING, '    pod|startswith: "shop/"\n'),
    ],
)
def test_the_filter_names_the_origin_by_the_log_types_own_field(
    rules: RuleSet, message: str, selection: str
) -> None:
    """An IAM identity, or the namespace of a pod."""
    assert selection in figures(rules, [message])["detections"]["silencing"]["filter"]


def test_no_filter_is_offered_without_an_origin_that_a_file_may_hold(rules: RuleSet) -> None:
    """Not for a user name that is a token, and not where nothing matched."""
    assert figures(rules, [SECRETS.replace("bob", TOKEN)])["detections"]["silencing"] is None
    assert figures(rules, [])["detections"] == {"rules": 3, "by_rule": [], "silencing": None}


def test_denials_are_requests_and_iam_identities(rules: RuleSet) -> None:
    """By who, what and why; RequestReceived has no answer yet."""
    forbidden = audit_line(responseStatus={"code": 403})
    found = figures(rules, [forbidden, forbidden, audit_line(responseStatus={"code": 404}), DENIED])[
        "denials"
    ]
    assert found == {
        "requests": 2,
        "by_request": [{"user": "ana", "verb": "get", "resource": "pods", "code": "403", "events": 2}],
        "identities": 1,
        "by_identity": [
            {"arn": "arn:aws:iam::111122223333:role/ci", "error": "ARN is not mapped", "events": 1}
        ],
    }


def test_throttling_is_counted_by_client_request_and_hour(rules: RuleSet) -> None:
    """An eviction that a budget forbids is no throttling."""
    throttled = audit_line(responseStatus={"code": 429}, userAgent="argocd")
    eviction = audit_line(
        responseStatus={"code": 429}, verb="create", objectRef={"resource": "pods", "subresource": "eviction"}
    )
    assert figures(rules, [throttled, throttled, eviction])["throttling"] == {
        "requests": 2,
        "by_client": [{"user": "ana", "user_agent": "argocd", "events": 2}],
        "by_request": [{"verb": "get", "resource": "pods", "events": 2}],
        "by_hour": [{"hour": "2026-01-14T10:00Z", "events": 2}],
    }


def test_latency_is_counted_by_verb_and_the_slowest_ten_are_named(rules: RuleSet) -> None:
    """Percentiles by nearest rank; watches are left out."""
    lines = [audit_line(stageTimestamp=f"2026-01-14T10:00:00.{ms:03d}000Z") for ms in range(1, 101)]
    found = figures(rules, [*lines, audit_line(verb="watch")])["latency"]
    assert found["by_verb"] == [
        {"verb": "get", "requests": 100, "p50_ms": 50.0, "p99_ms": 99.0, "max_ms": 100.0}
    ]
    assert [one["ms"] for one in found["slowest"]] == [float(ms) for ms in range(100, 90, -1)]
    assert found["slowest"][0] == {
        "ms": 100.0,
        "verb": "get",
        "resource": "pods",
        "name": "shop/cart",
        "user": "ana",
        "code": 200,
    }


def test_a_percentile_of_one_value_is_that_value() -> None:
    """Of two, the median is the smaller one."""
    assert (percentile([7.0], 50), percentile([7.0], 99), percentile([9.0, 1.0], 50)) == (7.0, 7.0, 1.0)


def test_pending_pods_are_listed_with_their_reasons(rules: RuleSet) -> None:
    """Attempts by pod; for a reason the largest number of nodes."""
    fewer = PENDING.replace("4 Insufficient", "3 Insufficient")
    error = PENDING.replace("shop/cart", "shop/till").partition(' err="')[0] + ' err="no such claim"'
    found = figures(rules, [PENDING, fewer, error])["pending"]
    assert (found["events"], found["pods"]) == (3, 2)
    assert [(one["pod"], one["events"]) for one in found["by_pod"]] == [("shop/cart", 2), ("shop/till", 1)]
    assert {one["reason"]: (one["events"], one["nodes"]) for one in found["by_reason"]} == {
        "Insufficient cpu": (2, 4),
        "node(s) had untolerated taint {a: b}": (2, 2),
        "no such claim": (1, 0),
    }


def test_errors_of_the_controller_managers_are_counted_by_controller(rules: RuleSet, tmp_path: Path) -> None:
    """By `logger`, else by the source file; a line without an error is none, whatever its component."""
    bare = "E0114 10:00:05.027886      12 horizontal.go:274] failed to compute replicas"
    fine = 'I0114 10:00:00.402711      12 replica_set.go:679] "Finished syncing" key="shop/cart"'
    path = tmp_path / "controller-manager.log"
    path.write_text(f"{FAILING}\n{FAILING}\n{bare}\n{fine}" + "\n", encoding="utf-8")
    report = Report("lines", rules, {})
    for line in read_files([path]):
        report.add(line)
    found: Any = report.as_json(NOW)["controllers"]
    assert [(one["controller"], one["events"], one["last"]) for one in found] == [
        ("deployment-controller", 2, "Error syncing deployment: conflict"),
        ("horizontal", 1, "failed to compute replicas"),
    ]


def test_policies_save_what_no_denial_and_no_detection_protects(rules: RuleSet) -> None:
    """Of four lists one is denied and one detected; a patch loses its body; RequestReceived is left out."""
    patch = audit_line(verb="patch", requestObject={"a": 1})
    listed = audit_line(verb="list")
    found = figures(
        rules,
        [
            listed,
            listed,
            audit_line(verb="list", responseStatus={"code": 403}),
            SECRETS,
            patch,
            audit_line(stage="RequestReceived", userAgent="k3s/v1"),
        ],
    )["audit_policies"]
    policy = found["policies"]["drop-lists"]
    assert policy["events"] == {"keep": 2, "trim": 1, "drop": 2}
    assert (found["denials"], found["detected"], found["request_received"], found["from_k3s"]) == (
        1,
        1,
        1,
        True,
    )
    assert [(one["verb"], one["events"]["drop"], one["events"]["trim"]) for one in policy["by_verb"]] == [
        ("list", 2, 0),
        ("patch", 0, 1),
    ]
    assert policy["bytes"]["plain"]["saved"] > 2 * len(listed)


def test_only_the_largest_rows_are_listed_and_the_rest_is_added_up(rules: RuleSet) -> None:
    """Three users, one row."""
    lines = [audit_line(user={"username": name}) for name in ("ana", "ana", "bob", "eve")]
    found = figures(rules, lines, rows=1)["volume"]["by_user"]
    assert [(one["user"], one["events"]) for one in found] == [("ana", 2), ("(2 others)", 2)]


def test_clients_cannot_make_a_report_grow() -> None:
    """After a bounded number of keys, further ones count together."""
    tops = Tops("user")
    for number in range(MAX_KEYS + 5):
        tops.add(str(number))
    assert (len(tops), tops.total()) == (MAX_KEYS + 1, MAX_KEYS + 5)
    assert next(iter(tops)) == ((OTHERS,), 5, 0)


def test_texts_are_redacted_bounded_and_without_control_characters() -> None:
    """A token becomes a marker, an escape sequence a space."""
    assert TOKEN not in shown(f"Bearer {TOKEN}")
    assert shown("a\x1b[31mb") == "a [31mb"
    assert len(shown("x" * 500)) == MAX_CHARACTERS + 1


def test_files_say_what_their_lines_are(tmp_path: Path) -> None:
    """A klog file by its name; records and FilterLogEvents' events by their stream; a folder by its files."""
    (tmp_path / "scheduler.log").write_text(f"{PENDING}\n\n{DENIED}\r\n", encoding="utf-8")
    wrapped = '{"logStreamName":"kube-scheduler-0","timestamp":1768384800000,"message":"x"}'
    record = (
        '{"timestamp":1768384800001,"logStream":"cloud-controller-manager-0","message":"y","logType":"z"}'
    )
    broken = '{"logStream":"kube-scheduler-0","message":"no time"}'
    (tmp_path / "some.ndjson").write_text(f"{wrapped}\n{record}\n{broken}\n{FAILING}\n", encoding="utf-8")
    found = list(read_files([tmp_path]))
    assert [(line.message, line.log_types, line.is_dated) for line in found] == [
        (PENDING, (LogType.SCHEDULER,), False),
        (DENIED, (LogType.AUTHENTICATOR,), False),
        ("x", (LogType.SCHEDULER,), True),
        ("y", (LogType.CONTROLLER_MANAGER,), True),
        (broken, (LogType.AUDIT,), False),
        (FAILING, (LogType.SCHEDULER, LogType.API, LogType.CONTROLLER_MANAGER), False),
    ]
    assert [line.timestamp_ms for line in found[2:4]] == [1768384800000, 1768384800001]


def test_lines_of_auto_mode_are_known_by_the_file_the_record_or_the_log_group(tmp_path: Path) -> None:
    """Their JSON alone looks like that of audit events."""
    bare = '{"level":"info","message":"x"}'
    wrapped = {"logStream": "0a1b", "timestamp": 1, "message": bare}
    named = wrapped | {"logType": "capabilityKro", "logGroup": "/any"}
    grouped = wrapped | {"logGroup": "/aws/vendedlogs/AUTO_MODE_COMPUTE_LOGS/west"}
    paths = [tmp_path / "auto-mode-ipam.log", tmp_path / "records.ndjson"]
    paths[0].write_text(f"{bare}\n", encoding="utf-8")
    paths[1].write_text(
        f"{json.dumps(named)}\n{json.dumps(grouped)}\n{json.dumps(wrapped)}\n", encoding="utf-8"
    )
    found = [line.log_types for line in read_files(paths)]
    assert found == [("autoModeIpam",), ("capabilityKro",), ("autoModeCompute",), ("unknown",)]


def test_records_are_measured_as_the_forwarder_writes_them() -> None:
    """Parsed has the event in the place of its header and of the text, plain has the four keys alone."""
    line = audit_line()
    parsed = parse(LogType.AUDIT, LogEvent(id="", timestamp=0, message=line))
    four_keys = {
        "timestamp": 1_700_000_000_000,
        "logGroup": "/aws/eks/prod/cluster",
        "logStream": "kube-apiserver-audit-" + 32 * "0",
        "message": line,
    }
    others = {
        "id": 56 * "3",
        "account": "111122223333",
        "region": "us-east-1",
        "cluster": "prod",
        "logType": "audit",
    }
    enriched = four_keys | others | {"audit": parsed.audit}
    whole = {name: value for name, value in enriched.items() if name != "message"} | {
        "audit": msgspec.Raw(line.encode())
    }
    assert (
        record_bytes(line).items()
        >= {
            "enriched": len(msgspec.json.encode(enriched)) + 1,
            "parsed": len(msgspec.json.encode(whole)) + 1,
            "plain": len(msgspec.json.encode(four_keys)) + 1,
        }.items()
    )


def test_a_month_is_priced_from_the_rate_and_the_size_of_the_lines(rules: RuleSet) -> None:
    """An hour of lines: CloudWatch's part is exact, the optional parts are in no sum."""
    lines = [audit_line(), audit_line(stageTimestamp="2026-01-14T11:00:00.010000Z")] * 1800
    found = figures(rules, lines)["cost"]
    gb = sum(map(len, lines)) / 3600 * 730 * 3600 / 1e9
    assert (found["region"], found["hours"], found["events_per_second"]) == ("us-east-1", 1.0, 1.0)
    assert found["gb_a_month"] == round(gb, 3)
    assert found["parts"][0] == {
        "kind": "CloudWatch",
        "part": "taking in the control-plane logs",
        "dollars": round(gb * 0.5, 2),
        "depends_on": "GB that the clusters log",
        "to_pay_less": "switch log types of the cluster off",
    }
    by_kind = {
        kind: sum(one["dollars"] for one in found["parts"] if one["kind"] == kind)
        for kind in ("CloudWatch", "fixed", "variable", "optional")
    }
    sums = found["sums"]
    assert sums["cloudwatch"] == pytest.approx(by_kind["CloudWatch"], abs=0.02)
    assert sums["forwarder_fixed"] == pytest.approx(by_kind["fixed"], abs=0.05)
    assert sums["forwarder_variable"] == pytest.approx(by_kind["variable"], abs=0.05)
    assert sums["forwarder"] == pytest.approx(sums["forwarder_fixed"] + sums["forwarder_variable"], abs=0.02)
    assert by_kind["optional"] > 0


@pytest.mark.parametrize("later", ["2026-01-14T10:00:00.010000Z", "2026-01-14T10:10:00.000000Z"])
def test_less_than_ten_minutes_are_no_base_for_a_month(rules: RuleSet, later: str) -> None:
    """Nor is nothing at all."""
    assert figures(rules, [audit_line(), audit_line(stageTimestamp=later)])["cost"] is None
    assert figures(rules, [])["cost"] is None


def test_a_gap_of_hours_is_not_covered() -> None:
    """Half an hour, a line years before, and from one hour into the next: 30 and 50 minutes, in any order."""
    covered = Covered()
    for text in (
        "2026-01-14T13:20",
        "2026-01-14T10:40",
        "2019-06-01T00:00",
        "2026-01-14T10:10",
        "2026-01-14T12:30",
    ):
        covered.add(datetime.fromisoformat(f"{text}:00+00:00"))
    assert covered.seconds == 30 * 60 + 50 * 60
