"""OCSF's and ECS's published schemas, and OpenTelemetry's message classes, about our records."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no stubs
from ocsf_json_schema import (  # type: ignore[import-untyped]  # nor has it
    OcsfJsonSchemaEmbedded,
    get_ocsf_schema,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.destinations.elasticsearch_document import ecs_document
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.record.formats import shape_of
from tests.sample_records import sample_records
from tests.third_party.npm import evaluated, unpacked
from tests.unit.destination_requests import destination_of, request_of
from tools.listener.elasticsearch_fields import Field, RefusedError

# Fields are only added within a major version, so those of 8.11 are in 8.17, which the documents name.
ECS = "@elastic/ecs@8.11.5"
ECS_SHA512 = "S7qkIaRrKHyiU6ww0r5qt8mOh8wK8w3LpNdMb0qxuj6wxQmn6TVpZ9DxxICGVKwaPbQIYuNTmBPSUocl+VhINw=="
ECS_SCRIPT = """
import { createRequire } from "module";
const { EcsFlat } = createRequire(process.cwd() + "/")("@elastic/ecs");
process.stdout.write(JSON.stringify(EcsFlat));
"""
# what ECS has no field for stands here, as in Elastic's own integrations
OURS = ("kubernetes.audit.", "aws.cloudwatch.", "aws.eks.")


@pytest.mark.parametrize("record_format", ["enriched", "parsed", "plain", "ocsf"])
def test_opentelemetry_reads_the_same_from_protobuf_and_json(record_format: str) -> None:
    """Every record; the JSON has no name that the messages lack."""
    records = sample_records()
    exports = []
    for encoding in ("protobuf", "json"):
        options: dict[str, object] = {"encoding": encoding}
        destination = destination_of("otlp", options=options, RECORD_FORMAT=record_format)
        exports.append(gzip.decompress(request_of(destination, records).body))
    from_protobuf = ExportLogsServiceRequest.FromString(exports[0])
    assert from_protobuf == json_format.Parse(exports[1], ExportLogsServiceRequest())
    count = sum(len(scope.log_records) for one in from_protobuf.resource_logs for scope in one.scope_logs)
    assert count == len(records)


def test_opentelemetrys_own_json_has_our_names_and_types() -> None:
    """Enumerations as integers, 64-bit integers as texts: what the classes write is what we write."""
    options: dict[str, object] = {"encoding": "json"}
    body = gzip.decompress(request_of(destination_of("otlp", options=options), sample_records()).body)
    message = json_format.Parse(body, ExportLogsServiceRequest())
    theirs = json_format.MessageToDict(message, use_integers_for_enums=True)
    assert json.loads(body) == theirs


def test_ocsf_takes_every_audit_record() -> None:
    """By the published schema of 1.5.0, with the profile cloud."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.5.0")).get_class_schema("api_activity", ["cloud"])
    validator = Draft202012Validator(schema)
    shape = shape_of(RecordFormat.OCSF)
    events = [json.loads(to_strict_json(shape(record))) for record in sample_records() if record.audit]
    assert len(events) >= 15
    faults = [error.message for event in events for error in validator.iter_errors(event)]
    assert faults == []


def test_ecs_has_every_field_and_value_of_our_documents(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names, types and allowed values; lists where ECS wants them."""
    folder = tmp_path_factory.mktemp("ecs")
    unpacked(ECS, ECS_SHA512, folder)
    schema = evaluated(ECS_SCRIPT, folder)
    assert isinstance(schema, dict)
    assert len(schema) > 1500
    documents = [json.loads(to_strict_json(ecs_document(record))) for record in sample_records()]
    assert faults_of([{"event": {"kind": "evnt"}, "source": {"ip": "x"}, "tags": "a", "x": 1}], schema) == {
        "event.kind: not an allowed value",
        "source.ip: not of the type ip",
        "tags: not a list",
        "x: not in ECS",
    }
    assert faults_of(documents, schema) == set()


def faults_of(documents: list[dict[str, Any]], schema: dict[str, Any]) -> set[str]:
    """What ECS has against documents."""
    return {
        f"{name}: {fault}"
        for document in documents
        for name, value in leaves(document, "")
        if not name.startswith(OURS)
        for fault in faults_of_value(value, schema.get(name))
    }


def faults_of_value(value: object, definition: dict[str, Any] | None) -> Iterator[str]:
    """What a field's definition has against its value; Elasticsearch itself allows lists everywhere."""
    if definition is None:
        yield "not in ECS"
        return
    if "array" in definition["normalize"] and not isinstance(value, list):
        yield "not a list"
    allowed = {one["name"] for one in definition.get("allowed_values", [])}
    field = Field.of({"type": definition["type"]}, "true", ignore_malformed=False)
    for part in value if isinstance(value, list) else [value]:
        if allowed and part not in allowed:
            yield "not an allowed value"
        try:
            field.take("", part)
        except RefusedError:
            yield f"not of the type {field.type}"


def leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The names of values with dots, and the values; empty texts say nothing."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif value != "":
        yield path, value
