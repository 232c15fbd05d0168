"""The collectors by the names that `DESTINATION` takes.

Each one's module is imported when it is chosen, so that a cold start pays for one collector alone.
"""
# ruff: noqa: PLC0415  # imports within the functions are this module's purpose

from collections.abc import Callable

from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.json_body import JsonBody
from eks_log_forwarder.record_formats import shape_of
from eks_log_forwarder.settings import Compression, DestinationName, Settings


def _json_body(settings: Settings, default: Compression) -> JsonBody:
    return JsonBody(settings.body_format, settings.compression or default, shape_of(settings.record_format))


def _xplg(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.xplg import Xplg

    return Xplg(settings.destination_url, _json_body(settings, Compression.NONE))


def _http(settings: Settings) -> Destination:
    from eks_log_forwarder.destinations.http import Http

    return Http(settings.destination_url, _json_body(settings, Compression.GZIP))


_BUILDERS: dict[DestinationName, Callable[[Settings], Destination]] = {
    DestinationName.XPLG: _xplg,
    DestinationName.HTTP: _http,
}


def build_destination(settings: Settings) -> Destination:
    """The destination that the settings name."""
    return _BUILDERS[settings.destination](settings)
