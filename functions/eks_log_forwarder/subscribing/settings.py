"""The environment of the subscribing function, read once and checked as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from eks_log_forwarder.config.environment import EnvironmentReader
from eks_log_forwarder.errors import SettingsError


@dataclass(frozen=True, slots=True)
class SubscribingSettings:
    """Whom to subscribe to what; `stack` names the filter, the alarms and the metrics' service.

    `silence_minutes` is 0 where no cluster is to have a silence alarm.
    """

    stack: str
    forward_function_arn: str
    filter_pattern: str
    own_cluster: str
    excepted_clusters: frozenset[str]
    silence_minutes: int
    alarm_topic_arn: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "SubscribingSettings":
        """Reads the variables that the template sets.

        Raises:
            SettingsError: with every fault found, by variable.
        """
        read = EnvironmentReader(environ)
        settings = cls(
            stack=read.text("POWERTOOLS_SERVICE_NAME"),
            forward_function_arn=read.text("FORWARD_FUNCTION_ARN"),
            filter_pattern=read.text("FILTER_PATTERN"),
            own_cluster=read.text("OWN_CLUSTER"),
            excepted_clusters=frozenset(read.words("EXCEPTED_CLUSTERS")),
            silence_minutes=read.number("SILENCE_MINUTES", int, 15, 0, 1440),
            alarm_topic_arn=read.text("ALARM_TOPIC_ARN"),
        )
        needed = ("POWERTOOLS_SERVICE_NAME", "FORWARD_FUNCTION_ARN", "ALARM_TOPIC_ARN")
        faults = [*read.faults, *(f"{name} is missing" for name in needed if not read.text(name))]
        if faults:
            raise SettingsError(faults)
        return settings
