"""The collectors by their names in `DESTINATION`.

A module is imported only when its collector is chosen, so that a cold start pays for one collector.
"""
# ruff: noqa: PLC0415  # imports inside functions are the purpose of this module

from collections.abc import Callable
from typing import cast

from eks_log_forwarder.config.destination_options import (
    ElasticsearchOptions,
    LokiOptions,
    OtlpOptions,
    SplunkHecOptions,
)
from eks_log_forwarder.config.settings import Compression, DestinationName, Settings
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.json_destination import JsonBody
from eks_log_forwarder.record.formats import shape_of


def _json_body(settings: Settings, default: Compression) -> JsonBody:
    return JsonBody(settings.body_format, settings.compression or default, shape_of(settings.record_format))


def _xplg(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.xplg import Xplg

    return Xplg(settings.destination_url, _json_body(settings, Compression.NONE))


def _http(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.http import Http

    return Http(settings.destination_url, _json_body(settings, Compression.GZIP))


def _splunk_hec(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.splunk_hec import SplunkHec

    compression, shape = settings.compression or Compression.GZIP, shape_of(settings.record_format)
    options = cast("SplunkHecOptions", settings.destination_options)
    return SplunkHec(settings.destination_url, compression, shape, options)


def _elasticsearch(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.elasticsearch import Elasticsearch

    compression, shape = settings.compression or Compression.GZIP, shape_of(settings.record_format)
    options = cast("ElasticsearchOptions", settings.destination_options)
    return Elasticsearch(settings.destination_url, compression, shape, options)


def _loki(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.loki import Loki

    compression, shape = settings.compression or Compression.GZIP, shape_of(settings.record_format)
    return Loki(
        settings.destination_url, compression, shape, cast("LokiOptions", settings.destination_options)
    )


def _otlp(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.otlp import Encoding, Otlp

    compression, shape = settings.compression or Compression.GZIP, shape_of(settings.record_format)
    options = cast("OtlpOptions", settings.destination_options)
    encoding: Encoding
    if options.encoding == "json":
        from eks_log_forwarder.destinations.otlp_json import JsonEncoding

        encoding = JsonEncoding()
    else:
        from eks_log_forwarder.destinations.otlp_protobuf import ProtobufEncoding

        encoding = ProtobufEncoding()
    return Otlp(settings.destination_url, compression, shape, options, encoding)


_BUILDERS: dict[DestinationName, Callable[[Settings], Destination]] = {
    DestinationName.XPLG: _xplg,
    DestinationName.HTTP: _http,
    DestinationName.SPLUNK_HEC: _splunk_hec,
    DestinationName.ELASTICSEARCH: _elasticsearch,
    DestinationName.LOKI: _loki,
    DestinationName.OTLP: _otlp,
}


def build_destination(settings: Settings) -> Destination:
    """The destination that the settings name."""
    return _BUILDERS[settings.destination](settings)
