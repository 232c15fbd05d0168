"""The derived fields `sourceIP` and `sourceIPPublic` of an audit event."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.nodes import Field, Fields, HeaderValues, Values

type Networks = Sequence[IPv4Network | IPv6Network]


_MAX_CHARACTERS = 64  # the longest IPv6 address has 45, a zone aside


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is, or None. An IPv4 address mapped into IPv6 becomes the IPv4 address."""
    return _parse_address(text) if len(text) <= _MAX_CHARACTERS else None


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def source_ip(source_ips: object) -> tuple[str, ...]:
    """The last of sourceIPs, which the API server saw. The others come from headers of the request."""
    if isinstance(source_ips, list) and source_ips and isinstance(source_ips[-1], str):
        return (source_ips[-1],)
    return ()


def source_address_fields(trusted_networks: Networks) -> tuple[Field, Field]:
    """`sourceIP`, and `sourceIPPublic`: whether it is neither private nor in a trusted network."""

    @lru_cache(maxsize=4096)
    def is_public_address(text: str) -> HeaderValues:
        address = parse_address(text)
        if address is None:
            return ()
        # is_global: for Python, 100.64.0.0/10, which pods use, is neither private nor global.
        return (address.is_global and not any(address in network for network in trusted_networks),)

    def is_public(text: str) -> HeaderValues:
        return is_public_address(text) if len(text) <= _MAX_CHARACTERS else ()

    return _derived("sourceIP", lambda text: (text,)), _derived("sourceIPPublic", is_public)


def _derived(name: str, derive: Callable[[str], HeaderValues]) -> Field:
    def read(fields: Fields) -> Values:
        found = source_ip(fields.get("sourceIPs"))
        return derive(found[0]) if found else ()

    def from_header(header: AuditHeader) -> HeaderValues:
        addresses = header.source_ips
        return derive(addresses[-1]) if addresses else ()

    return Field(name, read, from_header)
