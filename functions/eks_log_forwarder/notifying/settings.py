"""The environment of the notify function, read once and validated as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from eks_log_forwarder.config.environment import EnvironmentReader
from eks_log_forwarder.errors import SettingsError


@dataclass(frozen=True, slots=True)
class NotifyingSettings:
    """The settings of the notify function: the topic of the mails."""

    alarm_topic_arn: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "NotifyingSettings":
        """Reads the variable that the template sets.

        Raises:
            SettingsError: it is missing.
        """
        read = EnvironmentReader(environ)
        settings = cls(alarm_topic_arn=read.text("ALARM_TOPIC_ARN"))
        if not settings.alarm_topic_arn:
            raise SettingsError([*read.faults, "ALARM_TOPIC_ARN is missing"])
        return settings
