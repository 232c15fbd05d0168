"""Lines of Auto Mode and Capabilities keep severity and log type in the form of every collector."""

import json

import pytest

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.destinations.elasticsearch_document import ecs_document
from eks_log_forwarder.destinations.line import line_of
from eks_log_forwarder.destinations.loki_entries import metadata_of
from eks_log_forwarder.destinations.otlp_records import log_record_of
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.record import Record, record_of


def record(log_type: LogType, level: str, record_format: str = "enriched") -> Record:
    """The record of a line of this log type and level."""
    message = json.dumps({"level": level, "message": "x", "controller": "y"})
    event = LogEvent("7", 1_768_384_800_123, message)
    stream = LogStream("/any", "s", "111122223333", "shop", log_type)
    made = record_of(stream, event, parse(log_type, event), 0, [], "eu-west-1")
    shaped = shape_of(RecordFormat(record_format))(made)
    assert isinstance(shaped, Record)
    return shaped


@pytest.mark.parametrize(
    ("level", "letter", "number", "name"),
    [
        ("debug", "I", 9, "info"),
        ("INFO", "I", 9, "info"),
        ("warning", "W", 13, "warning"),
        ("error", "E", 17, "error"),
        ("panic", "F", 21, "fatal"),
    ],
)
@pytest.mark.parametrize("log_type", sorted(set(VENDED_LOG_TYPES.values())))
def test_the_severity_is_that_of_the_line(
    log_type: LogType, level: str, letter: str, number: int, name: str
) -> None:
    """OpenTelemetry's number, ECS's level, Loki's metadata; OCSF leaves all but audit events as they are."""
    made = record(log_type, level)
    shape = shape_of(RecordFormat.ENRICHED)
    told = log_record_of(made, shape)
    assert (told.severity_number, told.severity_text) == (number, letter)
    assert told.attributes["aws.eks.log_type"] == log_type
    document = ecs_document(made)
    assert document["log"]["level"] == name
    assert document["orchestrator"]["cluster"]["name"] == "shop"
    assert metadata_of(line_of(made, shape).rest)["klog_severity"] == letter
    assert record(log_type, level, "ocsf") == made


def test_a_data_stream_has_the_log_type_in_lower_case_with_underscores() -> None:
    """As Elasticsearch requires."""
    assert ecs_document(record(LogType.AUTO_MODE_LOAD_BALANCING, "info"))["event"]["dataset"] == (
        "eks.auto_mode_load_balancing"
    )
