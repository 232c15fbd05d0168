"""Reads environment variables and collects all faults."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit


class EnvironmentReader:
    """The variables of a function. A faulty one adds to `faults` and reads as its default."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def text(self, name: str) -> str:
        """The value without surrounding white space; empty if the variable is not set."""
        return self._environ.get(name, "").strip()

    def moved(self, name: str, to: str) -> None:
        """A variable that earlier versions read: a fault if it is still set."""
        if self.text(name):
            self.faults.append(f"{name} is no longer read: remove it, and set {to}")

    def choice[E: StrEnum, D](self, name: str, choices: type[E], default: D) -> E | D:
        """One of the values of an enumeration."""
        text = self.text(name)
        if not text:
            return default
        try:
            return choices(text)
        except ValueError:
            self.faults.append(f"{name} is {text!r}: choose one of {', '.join(choices)}")
            return default

    def choices[E: StrEnum](self, name: str, choices: type[E], default: frozenset[E]) -> frozenset[E]:
        """Some of the values of the default, separated by commas."""
        words = self.words(name)
        if unknown := [word for word in words if word not in default]:
            self.faults.append(
                f"{name} contains {', '.join(map(repr, unknown))}: choose from {', '.join(sorted(default))}"
            )
            return default
        return frozenset(map(choices, words)) or default

    def switch(self, name: str) -> bool:
        """`on` (the default) or `off`."""
        text = self.text(name)
        if text not in {"", "on", "off"}:
            self.faults.append(f"{name} is {text!r}: choose one of on, off")
        return text != "off"

    def words(self, name: str) -> tuple[str, ...]:
        """Words separated by commas."""
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks in CIDR form (RFC 4632, RFC 4291), separated by commas."""
        networks: list[IPv4Network | IPv6Network] = []
        for word in self.words(name):
            try:
                networks.append(ip_network(word))
            except ValueError:
                self.faults.append(f"{name} contains {word!r}: give networks such as 10.0.0.0/8")
        return tuple(networks)

    def number[N: (int, float)](
        self, name: str, kind: Callable[[str], N], default: N, low: float, high: float
    ) -> N:
        """A number from `low` to `high`, both included."""
        text = self.text(name)
        if not text:
            return default
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:  # also refuses NaN
            what = "a whole number" if kind is int else "a number"
            self.faults.append(f"{name} is {text!r}: give {what} from {low} to {high}")
            return default
        return value

    def queue_url(self, name: str) -> str:
        """The URL of a queue; another value, as `sam local invoke` passes it, means no queue."""
        text = self.text(name)
        if not text or text.startswith(("https://", "http://")):
            return text
        self.warnings.append(f"{name} is not a URL, so no queue is used")
        return ""

    def url(self, name: str) -> str:
        """An http or https URL. Faults do not show it, since it may hold credentials."""
        text = self.text(name)
        if not text:
            self.faults.append(f"{name} is missing: give the collector's full URL, without the token")
            return text
        try:
            parts = urlsplit(text)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if usable and parts.scheme == "http":
            self.warnings.append(f"{name} is plain http: tokens and events are sent unencrypted")
        if not usable:
            self.faults.append(f"{name} is not a URL of the form https://HOST:PORT/PATH")
        elif parts.username is not None or "token=" in parts.query.lower():
            self.faults.append(f"{name} contains credentials: move them to the destination's secret")
        return text
