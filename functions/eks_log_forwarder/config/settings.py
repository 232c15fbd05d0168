"""The environment of a function, read once and checked as a whole."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

import msgspec

from eks_log_forwarder.config.destination_options import DestinationOptions, ElasticsearchOptions
from eks_log_forwarder.config.environment import EnvironmentReader
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.config.index_templates import template_faults
from eks_log_forwarder.config.opensearch_endpoint import endpoint_faults
from eks_log_forwarder.config.reading_options import read_options
from eks_log_forwarder.errors import SettingsError
from eks_log_forwarder.intake.log_type import LogType

MOVED_TO_OPTIONS = ("BODY_FORMAT", "COMPRESSION")  # variables of earlier versions
NO_POLICY = "none"  # the value of AUDIT_POLICY that names no file
ALL_RULES = "all"  # the value of DISABLED_DETECTIONS that disables every rule


class DestinationName(StrEnum):
    """The values of `DESTINATION`."""

    XPLG = "xplg"
    HTTP = "http"
    SPLUNK_HEC = "splunk_hec"
    ELASTICSEARCH = "elasticsearch"
    LOKI = "loki"
    OTLP = "otlp"


class RecordFormat(StrEnum):
    """The values of `RECORD_FORMAT`."""

    ENRICHED = "enriched"
    PARSED = "parsed"
    PLAIN = "plain"
    OCSF = "ocsf"


class Settings(HiddenFields, msgspec.Struct, frozen=True):
    """The environment variables of the function, by their names in lower case.

    A queue URL is empty if there is no queue. `warnings` are for the operator, about settings that work but
    may be wrong.
    """

    hidden = ("destination_url",)

    destination: DestinationName
    destination_url: str  # a wrong URL may hold the token
    destination_secret_arn: str
    destination_options: DestinationOptions
    max_batch_bytes: int
    max_batch_events: int
    connect_timeout_seconds: float
    read_timeout_seconds: float
    retry_budget_seconds: float
    record_format: RecordFormat
    log_types: frozenset[LogType]
    audit_policy: str
    detections: bool
    disabled_detections: tuple[str, ...]
    trusted_networks: tuple[IPv4Network | IPv6Network, ...]
    redact: bool
    undelivered_queue_url: str
    dead_letter_queue_url: str
    rejected_tries: int
    redrive_backoff_seconds: int
    warnings: tuple[str, ...]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads the variables of the contract; an empty one counts as missing.

        Raises:
            SettingsError: lists all faults, by variable.
        """
        read = EnvironmentReader(environ)
        for name in MOVED_TO_OPTIONS:
            read.moved(name, f"the option {name.lower()} in DESTINATION_OPTIONS")
        destination = read.choice("DESTINATION", DestinationName, DestinationName.XPLG)
        settings = cls(
            destination=destination,
            destination_url=read.url("DESTINATION_URL"),
            destination_secret_arn=read.text("DESTINATION_SECRET_ARN"),
            destination_options=read_options(
                destination, read.text("DESTINATION_OPTIONS"), read.faults, read.warnings
            ),
            max_batch_bytes=read.number("MAX_BATCH_BYTES", int, 1_000_000, 1, 100_000_000),
            max_batch_events=read.number("MAX_BATCH_EVENTS", int, 1000, 1, 100_000),
            connect_timeout_seconds=read.number("CONNECT_TIMEOUT_SECONDS", float, 5.0, 0.1, 900),
            read_timeout_seconds=read.number("READ_TIMEOUT_SECONDS", float, 10.0, 0.1, 900),
            retry_budget_seconds=read.number("RETRY_BUDGET_SECONDS", float, 20.0, 0.1, 900),
            record_format=read.choice("RECORD_FORMAT", RecordFormat, RecordFormat.ENRICHED),
            log_types=read.choices("LOG_TYPES", LogType, frozenset(LogType) - {LogType.UNKNOWN}),
            audit_policy=read.text("AUDIT_POLICY") or NO_POLICY,
            detections=read.switch("DETECTIONS") and read.words("DISABLED_DETECTIONS") != (ALL_RULES,),
            disabled_detections=read.words("DISABLED_DETECTIONS"),
            trusted_networks=read.networks("TRUSTED_CIDRS"),
            redact=read.switch("REDACT"),
            undelivered_queue_url=read.queue_url("UNDELIVERED_QUEUE_URL"),
            dead_letter_queue_url=read.queue_url("DEAD_LETTER_QUEUE_URL"),
            rejected_tries=read.number("REJECTED_TRIES", int, 3, 1, 1000),
            redrive_backoff_seconds=read.number("REDRIVE_BACKOFF_SECONDS", int, 30, 1, 900),
            warnings=tuple(read.warnings),
        )
        read.faults.extend(settings.contradictions())
        if read.faults:
            raise SettingsError(read.faults)
        return settings

    def contradictions(self) -> Iterator[str]:
        """Faults of settings that are valid one by one but not together."""
        options = self.destination_options
        if not isinstance(options, ElasticsearchOptions):
            return
        yield from endpoint_faults(self.destination_url, signed=options.auth == "sigv4")
        if options.ecs and self.record_format is not RecordFormat.ENRICHED:
            yield f"RECORD_FORMAT is {self.record_format}: the option ecs of elasticsearch needs enriched"
        yield from template_faults(options, parsed=self.record_format is RecordFormat.PARSED)
