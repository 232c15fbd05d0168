"""The log endpoint of an OpenTelemetry collector: `POST /v1/logs`, in protobuf or JSON.

OpenTelemetry's own message classes decode the requests. An integer outside int64 in JSON is a bad request.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tools.listener.bodies import BodyError, Record, require
from tools.listener.exchange import Outcome, content_type_of, opens, plain_body, refused
from tools.listener.http_server import Incoming

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

PATH = "/v1/logs"
MAX_BYTES = 20 * 1024 * 1024  # confighttp's max_request_body_size; gRPC takes 4 MiB
_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes all records of a request, or none; the answer to a full success is empty."""
    if not opens(request, ("bearer",), token):
        return refused(401, "the token or the password in Authorization is missing or wrong")
    content_type = content_type_of(request)
    if content_type not in {_PROTOBUF, _JSON}:
        return refused(415, f"the Content-Type is neither {_PROTOBUF} nor {_JSON}")
    try:
        body = plain_body(request)
        require(len(body) <= MAX_BYTES, f"the request has more than {MAX_BYTES} bytes", 413)
        export = _decode(body, content_type)
    except BodyError as error:
        return refused(error.status, str(error))
    answer = "" if content_type == _PROTOBUF else "{}"
    return Outcome(200, answer, tuple(_records(export)), content_type=content_type)


def _decode(body: bytes, content_type: str) -> "ExportLogsServiceRequest":
    # only OTLP needs these
    from google.protobuf import json_format  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (  # noqa: PLC0415
        ExportLogsServiceRequest,
    )

    try:
        if content_type == _PROTOBUF:
            return ExportLogsServiceRequest.FromString(body)
        return json_format.Parse(body, ExportLogsServiceRequest())
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as error:
        message = "the body is not an ExportLogsServiceRequest"
        raise BodyError(message) from error


def _records(export: "ExportLogsServiceRequest") -> list[Record]:
    return [
        _record(_plain(resource_logs.resource.attributes), log_record)
        for resource_logs in export.resource_logs
        for scope_logs in resource_logs.scope_logs
        for log_record in scope_logs.log_records
    ]


def _record(resource: dict[str, Any], log_record: "LogRecord") -> Record:
    attributes = _plain(log_record.attributes)
    return {
        **attributes,
        "timestamp": log_record.time_unix_nano // 1_000_000,
        "logGroup": resource.get("aws.log.group.names", [""])[0],
        "logStream": resource.get("aws.log.stream.names", [""])[0],
        "message": log_record.body.string_value,
        "id": attributes.pop("log.record.uid", ""),
        "account": resource.get("cloud.account.id", ""),
        "cluster": resource.get("k8s.cluster.name", ""),
        "logType": attributes.pop("aws.eks.log_type", ""),
        "severity": log_record.severity_number,
    }


def _plain(attributes: "Iterable[KeyValue]") -> dict[str, Any]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: "AnyValue") -> object:
    match value.WhichOneof("value"):
        case "kvlist_value":
            return _plain(value.kvlist_value.values)
        case "array_value":
            return [_value(part) for part in value.array_value.values]
        case None:
            return None
        case name:
            return getattr(value, name)
