"""A record of every line in events/lines, and of what the stages can say about a line."""

import json

import msgspec

from eks_log_forwarder.intake.log_type import LogType, log_type_of_stream
from eks_log_forwarder.record.record import Record, RuleRef
from tests.records import AUDIT, KLOG, RULE, record_of
from tools.make_event import LOG_TYPES_OF_LINES, STREAM_PREFIXES, example_lines

_SECOND_RULE = RuleRef("0b1d6c5e-0000-4000-8000-000000000003", "Exec into a pod", "low", ["attack.t1609"])
# what no line in events/lines has
_MORE = {
    "impersonatedUser": {"username": "bob", "groups": ["ops"], "extra": {"reason": ["drill"]}},
    "requestObject": {"kind": "Scale", "spec": {"replicas": 3}},
    "responseObject": {"kind": "Status", "status": "Failure", "code": 403},
}


def sample_records() -> list[Record]:
    """All of them, each with an id of its own."""
    records = [
        record_of(log_type_of_stream(f"{STREAM_PREFIXES[log_type]}-"), line)
        for stem, log_type in LOG_TYPES_OF_LINES.items()
        for line in example_lines(stem)
    ]
    records += [
        record_of(LogType.AUDIT, json.dumps(json.loads(AUDIT) | _MORE), detections=[RULE, _SECOND_RULE]),
        record_of(LogType.SCHEDULER, KLOG, detections=[RULE]),
        record_of(LogType.AUDIT, AUDIT[:-40]),
        record_of(LogType.UNKNOWN),
        msgspec.structs.replace(record_of(), redacted=2, truncated=True),
    ]
    for number, record in enumerate(records):
        record.id = f"{number:056}"
    return records
