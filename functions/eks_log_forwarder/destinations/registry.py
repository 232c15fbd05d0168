"""The collectors by their names in `DESTINATION`.

A module is imported only when its collector is chosen, so that a cold start pays for one collector.
"""
# ruff: noqa: PLC0415  # imports inside functions are the purpose of this module

from collections.abc import Callable
from copy import replace
from typing import TYPE_CHECKING, cast

from eks_log_forwarder.config.destination_options import (
    ElasticsearchOptions,
    HttpOptions,
    JsonOptions,
    LokiOptions,
    OtlpOptions,
    SplunkHecOptions,
)
from eks_log_forwarder.config.settings import DestinationName, Settings
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.json_destination import JsonBody
from eks_log_forwarder.record.formats import shape_of

if TYPE_CHECKING:
    from eks_log_forwarder.destinations.loki import Loki


def _json_body(settings: Settings) -> JsonBody:
    options = cast("JsonOptions", settings.destination_options)
    return JsonBody(options.body_format, options.compression, shape_of(settings.record_format))


def _xplg(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.xplg import Xplg

    return Xplg(settings.destination_url, _json_body(settings))


def _http(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.http import Http

    options = cast("HttpOptions", settings.destination_options)
    return Http(settings.destination_url, _json_body(settings), options)


def _splunk_hec(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.splunk_hec import SplunkHec

    options = cast("SplunkHecOptions", settings.destination_options)
    return SplunkHec(settings.destination_url, shape_of(settings.record_format), options)


def _elasticsearch(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.elasticsearch import Elasticsearch

    options = cast("ElasticsearchOptions", settings.destination_options)
    shape = shape_of(settings.record_format)
    if options.auth != "sigv4":
        return Elasticsearch(settings.destination_url, shape, options)
    from eks_log_forwarder.destinations.amazon_opensearch import signed_elasticsearch

    return signed_elasticsearch(settings.destination_url, shape, options)


def _loki(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.loki import Loki

    options = cast("LokiOptions", settings.destination_options)
    return Loki(settings.destination_url, shape_of(settings.record_format), options)


def _otlp(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.otlp import Encoding, Otlp

    options = cast("OtlpOptions", settings.destination_options)
    encoding: Encoding
    if options.encoding == "json":
        from eks_log_forwarder.destinations.otlp_json import JsonEncoding

        encoding = JsonEncoding()
    else:
        from eks_log_forwarder.destinations.otlp_protobuf import ProtobufEncoding

        encoding = ProtobufEncoding()
    return Otlp(settings.destination_url, shape_of(settings.record_format), options, encoding)


_BUILDERS: dict[DestinationName, Callable[[Settings], Destination]] = {
    DestinationName.XPLG: _xplg,
    DestinationName.HTTP: _http,
    DestinationName.SPLUNK_HEC: _splunk_hec,
    DestinationName.ELASTICSEARCH: _elasticsearch,
    DestinationName.LOKI: _loki,
    DestinationName.OTLP: _otlp,
}


def for_redrive(destination: Destination, settings: Settings) -> Destination:
    """The same destination for events that were parked: Loki needs a label on them."""
    if settings.destination is DestinationName.LOKI:
        return replace(cast("Loki", destination), redriven=True)
    return destination


def build_destination(settings: Settings) -> Destination:
    """The destination that the settings name."""
    return _BUILDERS[settings.destination](settings)
