"""What the demo needs of each destination: the listener's path, and how the secret holds the token."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tools.listener import elasticsearch, loki, otlp, splunk_hec
from tools.listener.protocols import HTTP_PATH, XPLG_PATH

DEMO_USERNAME = "demo"


@dataclass(frozen=True, slots=True)
class DemoDestination:
    """The path of `DestinationUrl`, and the text of the secret for a token."""

    path: str
    secret: Callable[[str], str]


def _as_token(token: str) -> str:
    return token


def _as_password(token: str) -> str:
    return json.dumps({"username": DEMO_USERNAME, "password": token})


DEMO_DESTINATIONS: dict[str, DemoDestination] = {
    "xplg": DemoDestination(XPLG_PATH, _as_token),
    "http": DemoDestination(HTTP_PATH, _as_token),
    "splunk_hec": DemoDestination(splunk_hec.PATH, _as_token),
    "elasticsearch": DemoDestination(elasticsearch.PATH, _as_password),
    "loki": DemoDestination(loki.PATH, _as_token),
    "otlp": DemoDestination(otlp.PATH, _as_token),
}
