"""The function's environment, read once and checked as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from eks_log_forwarder.errors import SettingsError


class DestinationName(StrEnum):
    """The values of `DESTINATION`."""

    XPLG = "xplg"
    HTTP = "http"


class BodyFormat(StrEnum):
    """The values of `BODY_FORMAT`."""

    NDJSON = "ndjson"
    ARRAY = "array"
    SINGLE = "single"


class Compression(StrEnum):
    """The values of `COMPRESSION`."""

    NONE = "none"
    GZIP = "gzip"


class RecordFormat(StrEnum):
    """The values of `RECORD_FORMAT`."""

    ENRICHED = "enriched"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template's parameters say, by the names of the environment variables in lower case.

    `compression` is None where the destination's own default holds. A queue's URL is empty where there is
    no queue. `warnings` are what an operator should know of settings that work.
    """

    destination: DestinationName
    destination_url: str = field(repr=False)  # a mistaken one may hold the token
    destination_secret_arn: str
    body_format: BodyFormat
    compression: Compression | None
    max_batch_bytes: int
    max_batch_events: int
    connect_timeout_seconds: float
    read_timeout_seconds: float
    retry_budget_seconds: float
    record_format: RecordFormat
    undelivered_queue_url: str
    dead_letter_queue_url: str
    rejected_tries: int
    redrive_backoff_seconds: int
    warnings: tuple[str, ...]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads the variables of the contract; an empty one counts as missing.

        Raises:
            SettingsError: with every fault found, by variable.
        """
        read = _Reader(environ)
        settings = cls(
            destination=read.choice("DESTINATION", DestinationName, DestinationName.XPLG),
            destination_url=read.url("DESTINATION_URL"),
            destination_secret_arn=read.text("DESTINATION_SECRET_ARN"),
            body_format=read.choice("BODY_FORMAT", BodyFormat, BodyFormat.NDJSON),
            compression=read.choice("COMPRESSION", Compression, None),
            max_batch_bytes=read.number("MAX_BATCH_BYTES", int, 1_000_000, 1, 100_000_000),
            max_batch_events=read.number("MAX_BATCH_EVENTS", int, 1000, 1, 100_000),
            connect_timeout_seconds=read.number("CONNECT_TIMEOUT_SECONDS", float, 5.0, 0.1, 900),
            read_timeout_seconds=read.number("READ_TIMEOUT_SECONDS", float, 10.0, 0.1, 900),
            retry_budget_seconds=read.number("RETRY_BUDGET_SECONDS", float, 20.0, 0.0, 900),
            record_format=read.choice("RECORD_FORMAT", RecordFormat, RecordFormat.ENRICHED),
            undelivered_queue_url=read.queue_url("UNDELIVERED_QUEUE_URL"),
            dead_letter_queue_url=read.queue_url("DEAD_LETTER_QUEUE_URL"),
            rejected_tries=read.number("REJECTED_TRIES", int, 3, 1, 1000),
            redrive_backoff_seconds=read.number("REDRIVE_BACKOFF_SECONDS", int, 30, 1, 900),
            warnings=tuple(read.warnings),
        )
        if read.faults:
            raise SettingsError(read.faults)
        return settings


class _Reader:
    """Reads variables one by one and keeps every fault; a faulty one reads as its default."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def choice[E: StrEnum, D](self, name: str, choices: type[E], default: D) -> E | D:
        text = self.text(name)
        if not text:
            return default
        try:
            return choices(text)
        except ValueError:
            self.faults.append(f"{name} is {text!r}: choose one of {', '.join(choices)}")
            return default

    def number[N: (int, float)](
        self, name: str, kind: Callable[[str], N], default: N, low: float, high: float
    ) -> N:
        text = self.text(name)
        if not text:
            return default
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:  # NaN is not within any bounds either
            what = "a whole number" if kind is int else "a number"
            self.faults.append(f"{name} is {text!r}: give {what} from {low} to {high}")
            return default
        return value

    def queue_url(self, name: str) -> str:
        """A queue's URL; what is none means no queue, as `sam local invoke` gives the resource's name."""
        text = self.text(name)
        if not text or text.startswith(("https://", "http://")):
            return text
        self.warnings.append(f"{name} is not a URL, so there is no such queue")
        return ""

    def url(self, name: str) -> str:
        """An http or https URL; a fault does not show it, since it might hold credentials."""
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
            self.warnings.append(f"{name} is plain http: tokens and events can be read on the way")
        if not usable:
            self.faults.append(f"{name} is not a URL of the form https://HOST:PORT/PATH")
        elif parts.username is not None or "token=" in parts.query.lower():
            self.faults.append(f"{name} holds credentials: they belong into the destination's secret")
        return text
