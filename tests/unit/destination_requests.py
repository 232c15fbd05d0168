"""What the tests of destinations share: a destination by its environment, and its requests."""

import json

import requests

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.registry import build_destination
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Request
from tools.listener import Listener
from tools.listener.protocols import DEMO_DESTINATIONS

URL = "https://collector.example.internal:8443"
TOKEN = "s3cr3t-token"


def destination_of(
    name: str, url: str = URL, options: dict[str, object] | None = None, **more: str
) -> Destination:
    """A destination as the environment describes it."""
    environ = {"DESTINATION": name, "DESTINATION_URL": url, "DESTINATION_OPTIONS": json.dumps(options or {})}
    return build_destination(Settings.from_environ(environ | more))


def request_of(
    destination: Destination, records: list[Record], credentials: Credentials | None = None
) -> Request:
    """The one request that carries these records."""
    encoded = [destination.encode(record) for record in records]
    return destination.request(encoded, credentials or Credentials(token=TOKEN))


def send(request: Request) -> requests.Response:
    """The request, over real HTTP."""
    return requests.post(request.url, data=request.body, headers=request.headers, timeout=5)


def at_the_listener(name: str, listener: Listener, **options: object) -> Destination:
    """A destination whose URL is the listener's."""
    return destination_of(name, listener.url_of(DEMO_DESTINATIONS[name].path), options)
