"""The types of every field that a record has, in each record format and under ECS names.

`dynamic` is false: a field that is not listed is stored, but not indexed, so none can break the mapping. What
a client or a line names freely is `flattened`: any object, as texts. Source: Elasticsearch reference,
"Mapping".
"""

from typing import Any

type Json = dict[str, Any]

_KEYWORD: Json = {"type": "keyword", "ignore_above": 1024}  # characters; Lucene's limit is 32,766 bytes
_TEXT: Json = {"type": "match_only_text"}
_DATE: Json = {"type": "date"}
_MILLISECONDS: Json = {"type": "date", "format": "epoch_millis"}
_ADDRESS: Json = {"type": "ip"}  # what is no address is stored and not indexed: ignore_malformed
_INTEGER: Json = {"type": "long"}
_BOOLEAN: Json = {"type": "boolean"}
_FREE: Json = {"type": "flattened", "ignore_above": 1024}


def _keywords(*names: str) -> Json:
    return dict.fromkeys(names, _KEYWORD)


def _object(**fields: Json) -> Json:
    return {"properties": fields}


_DETECTIONS = _object(**_keywords("id", "title", "level", "tags"))
_USER = _object(**_keywords("username", "uid", "groups"), extra=_FREE)
_AUDIT = _object(
    **_keywords("kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "userAgent"),
    user=_USER,
    impersonatedUser=_USER,
    authenticationMetadata=_FREE,
    sourceIPs=_ADDRESS,
    objectRef=_object(
        **_keywords("resource", "namespace", "name", "uid", "apiGroup", "apiVersion"),
        **_keywords("resourceVersion", "subresource"),
    ),
    responseStatus=_object(
        **_keywords("kind", "apiVersion", "status", "reason"),
        message=_TEXT,
        code=_INTEGER,
        metadata=_FREE,
        details=_FREE,
    ),
    requestObject=_FREE,
    responseObject=_FREE,
    requestReceivedTimestamp=_DATE,
    stageTimestamp=_DATE,
    annotations=_FREE,
)
_AUTHENTICATOR = _object(
    **_keywords("level", "msg", "arn", "username", "groups"), time=_DATE, error=_TEXT, fields=_FREE
)
_REASONS = _object(**_keywords("reason"), nodes=_INTEGER)
_KLOG = _object(
    **_keywords("severity", "file"),
    time=_DATE,
    thread=_INTEGER,
    line=_INTEGER,
    message=_TEXT,
    fields=_FREE,
    scheduling=_object(nodes=_INTEGER, available=_INTEGER, reasons=_REASONS, preemption=_REASONS),
)
_RECORD: Json = {
    # a data stream does not allow ignore_malformed here, which is on for all other fields
    "@timestamp": {"type": "date", "ignore_malformed": False},
    "timestamp": _MILLISECONDS,
    **_keywords("logGroup", "logStream", "id", "account", "region", "cluster", "logType"),
    "message": _TEXT,
    "audit": _AUDIT,
    "authenticator": _AUTHENTICATOR,
    "klog": _KLOG,
    "parsed": _BOOLEAN,
    "truncated": _BOOLEAN,
    "redacted": _INTEGER,
    "detections": _DETECTIONS,
}
_ECS: Json = {
    "ecs": _object(**_keywords("version")),
    "event": _object(**_keywords("kind", "module", "dataset", "id", "action", "outcome"), severity=_INTEGER),
    "orchestrator": _object(
        **_keywords("type", "namespace", "api_version"),
        cluster=_object(**_keywords("name")),
        resource=_object(**_keywords("type", "name")),
    ),
    "aws": _object(
        cloudwatch=_object(**_keywords("log_group", "log_stream")),
        eks=_object(
            authenticator=_AUTHENTICATOR,
            klog=_KLOG,
            detections=_DETECTIONS,
            truncated=_BOOLEAN,
            redacted=_INTEGER,
            unparsed=_BOOLEAN,
        ),
    ),
    "log": _object(**_keywords("level"), origin=_object(file=_object(**_keywords("name"), line=_INTEGER))),
    "user": _object(**_keywords("name", "id")),
    "error": _object(message=_TEXT),
    "http": _object(response=_object(status_code=_INTEGER)),
    "user_agent": _object(**_keywords("original")),
    "url": _object(**_keywords("original")),
    "source": _object(ip=_ADDRESS),
    "kubernetes": _object(audit=_AUDIT),
    "rule": _object(**_keywords("id", "name")),
    **_keywords("tags"),
}
_NAMED = _object(**_keywords("name"))
_OCSF: Json = {
    "time": _MILLISECONDS,
    "start_time": _MILLISECONDS,
    **dict.fromkeys(
        ("activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "status_id"), _INTEGER
    ),
    **_keywords(
        "activity_name", "category_name", "class_name", "type_name", "severity", "status", "status_code"
    ),
    "metadata": _object(
        **_keywords("version", "profiles", "uid", "log_name", "log_provider", "log_level", "correlation_uid"),
        product=_object(**_keywords("name", "vendor_name", "version"), feature=_NAMED),
    ),
    # with the names of ECS
    "cloud": _object(
        **_keywords("provider", "region"), account=_object(**_keywords("id", "uid")), service=_NAMED
    ),
    "actor": _object(
        user=_object(**_keywords("name", "type", "uid", "uid_alt"), type_id=_INTEGER, groups=_NAMED),
        session=_object(**_keywords("uid", "issuer", "credential_uid")),
    ),
    "api": _object(
        **_keywords("operation", "version"),
        service=_NAMED,
        group=_NAMED,
        request=_object(**_keywords("uid")),  # `data`, the body as a text, is stored only
        response=_object(**_keywords("error"), code=_INTEGER, message=_TEXT),
    ),
    "src_endpoint": _object(**_keywords("name"), ip=_ADDRESS, intermediate_ips=_ADDRESS),
    "http_request": _object(**_keywords("user_agent"), url=_object(**_keywords("path"))),
    "http_response": _object(code=_INTEGER),
    "resources": _object(**_keywords("name", "type", "uid", "namespace", "version")),
    "observables": _object(**_keywords("name", "value", "type"), type_id=_INTEGER),
    "raw_data": _TEXT,
    "unmapped": _FREE,
}


def mappings() -> Json:
    """The mapping, in Elasticsearch's types."""
    return {"dynamic": False, "date_detection": False, "properties": _RECORD | _ECS | _OCSF}


def in_opensearch(mapping: Json) -> Json:
    """The same in OpenSearch's types."""
    if mapping.get("type") == "flattened":
        return {"type": "flat_object"}  # it has no parameters
    return {
        name: in_opensearch(value) if isinstance(value, dict) else value for name, value in mapping.items()
    }
