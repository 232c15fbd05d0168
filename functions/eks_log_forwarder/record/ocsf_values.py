"""Values of OCSF attributes: times, addresses, bodies and observables."""

from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import msgspec

# observable.type_id in OCSF 1.5.0
_USER_NAME = (4, "User Name")
_IP_ADDRESS = (2, "IP Address")
_URL = (6, "URL String")
_RESOURCE_UID = (10, "Resource UID")

_LONGEST_ADDRESS = 40  # of the schema's type ip_t


class _Bodies(msgspec.Struct):
    requestObject: msgspec.Raw = msgspec.Raw()  # noqa: N815  # the API server's names
    responseObject: msgspec.Raw = msgspec.Raw()  # noqa: N815


_decode_bodies = msgspec.json.Decoder(_Bodies).decode


def milliseconds_of(timestamp: str) -> int:
    """The time of a Kubernetes timestamp (RFC 3339) since 1970, in milliseconds; 0 if it is not one."""
    try:
        time = datetime.fromisoformat(timestamp)
    except ValueError:
        return 0
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return max(round(time.timestamp() * 1000), 0)


def ip_of(text: str) -> str:
    """The text if it is an IP address; otherwise "", because the schema would reject it."""
    return text if len(text) <= _LONGEST_ADDRESS and "%" not in text and _is_address(text) else ""


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def bodies_of(message: str) -> tuple[str, str]:
    """The request's and the response's body as JSON texts; "" for one that the event does not contain."""
    if '"requestObject"' not in message and '"responseObject"' not in message:
        return "", ""
    try:
        bodies = _decode_bodies(message)
    except (ValueError, RecursionError):
        return "", ""
    return _text(bodies.requestObject), _text(bodies.responseObject)


def _text(body: msgspec.Raw) -> str:
    text = bytes(body).decode("utf-8", "replace")
    return "" if text == "null" else text


def observables_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What an analyst searches for: user names, addresses, paths and identifiers of resources."""
    url = event.get("http_request", {}).get("url", {})
    endpoint = event["src_endpoint"]
    found = [("actor.user.name", event["actor"]["user"]["name"], _USER_NAME)]
    found += [("src_endpoint.ip", endpoint.get("ip"), _IP_ADDRESS)]
    found += [
        ("src_endpoint.intermediate_ips", ip, _IP_ADDRESS) for ip in endpoint.get("intermediate_ips", ())
    ]
    found += [("http_request.url.path", url.get("path"), _URL)]
    found += [("resources.uid", one.get("uid"), _RESOURCE_UID) for one in event.get("resources", ())]
    return [
        {"name": name, "value": value, "type_id": type_id, "type": kind}
        for name, value, (type_id, kind) in found
        if value
    ]
