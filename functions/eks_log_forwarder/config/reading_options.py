"""`DESTINATION_OPTIONS`: a JSON object with options of the chosen collector; unknown ones are faults."""

from typing import Any

import msgspec
from msgspec.structs import fields

from eks_log_forwarder.config.destination_options import (
    DestinationOptions,
    ElasticsearchOptions,
    HttpOptions,
    LokiOptions,
    OtlpOptions,
    SplunkHecOptions,
    XplgOptions,
)
from eks_log_forwarder.config.proxy_url import proxy_faults

VARIABLE = "DESTINATION_OPTIONS"

_OPTIONS: dict[str, type[DestinationOptions]] = {
    "xplg": XplgOptions,
    "http": HttpOptions,
    "splunk_hec": SplunkHecOptions,
    "elasticsearch": ElasticsearchOptions,
    "loki": LokiOptions,
    "otlp": OtlpOptions,
}


def read_options(destination: str, text: str, faults: list[str], warnings: list[str]) -> DestinationOptions:
    """The options of a destination; appends faults and warnings, which name the option."""
    kind = _OPTIONS[destination]
    given = _object(text, faults)
    known = {field.name: field.type for field in fields(kind)} if given else {}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            faults.append(f"{VARIABLE}: {destination} has no option {name[:40]!r}; it has {', '.join(known)}")
            continue
        try:
            values[name] = msgspec.convert(value, known[name])
        except msgspec.ValidationError as error:
            # the error names types and enum values, never the text of a header
            faults.append(f"{VARIABLE}: {name}: {error}")
    options = kind(**values)
    faults.extend(f"{VARIABLE}: {fault}" for fault in (*proxy_faults(options.proxy), *options.faults()))
    warnings.extend(f"{VARIABLE}: {warning}" for warning in options.warnings())
    return options


def _object(text: str, faults: list[str]) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        faults.append(f'{VARIABLE} is not a JSON object of options, such as {{"index": "eks"}}')
        return {}
