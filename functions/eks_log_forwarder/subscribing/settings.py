"""The environment of the subscribe function, read once and validated as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from eks_log_forwarder.config.environment import EnvironmentReader
from eks_log_forwarder.errors import SettingsError


@dataclass(frozen=True, slots=True)
class SubscribingSettings:
    """The settings of the subscribe function.

    `stack` is the name of the filter, the prefix of the alarms and the dimension `service` of the metrics.
    `silence_minutes` is 0 if clusters get no silence alarm.
    """

    stack: str
    forward_function_arn: str
    filter_pattern: str
    own_cluster: str
    silence_minutes: int
    alarm_topic_arn: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "SubscribingSettings":
        """Reads the variables that the template sets.

        Raises:
            SettingsError: lists every invalid variable.
        """
        read = EnvironmentReader(environ)
        settings = cls(
            stack=read.text("POWERTOOLS_SERVICE_NAME"),
            forward_function_arn=read.text("FORWARD_FUNCTION_ARN"),
            filter_pattern=read.text("FILTER_PATTERN"),
            own_cluster=read.text("OWN_CLUSTER"),
            silence_minutes=read.number("SILENCE_MINUTES", int, 15, 0, 1440),
            alarm_topic_arn=read.text("ALARM_TOPIC_ARN"),
        )
        needed = ("POWERTOOLS_SERVICE_NAME", "FORWARD_FUNCTION_ARN", "ALARM_TOPIC_ARN")
        faults = [*read.faults, *(f"{name} is missing" for name in needed if not read.text(name))]
        if faults:
            raise SettingsError(faults)
        return settings
