"""What the demo needs for each destination: the listener's path and the form of the secret."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tools.listener import elasticsearch, loki, otlp, splunk_hec
from tools.listener.protocols import HTTP_PATH, XPLG_PATH

DEMO_USERNAME = "demo"


@dataclass(frozen=True, slots=True)
class DemoDestination:
    """The path of `DestinationUrl`, and the function that makes the secret from a token."""

    path: str
    secret: Callable[[str], str]


def _as_password(token: str) -> str:
    return json.dumps({"username": DEMO_USERNAME, "password": token})


DEMO_DESTINATIONS: dict[str, DemoDestination] = {
    "xplg": DemoDestination(XPLG_PATH, str),
    "http": DemoDestination(HTTP_PATH, str),
    "splunk_hec": DemoDestination(splunk_hec.PATH, str),
    "elasticsearch": DemoDestination(elasticsearch.PATH, _as_password),
    "loki": DemoDestination(loki.PATH, str),
    "otlp": DemoDestination(otlp.PATH, str),
}
