"""The composition root: from the environment to a forwarder, once a container."""

import os
from functools import cache

from eks_log_forwarder.delivery import Delivery
from eks_log_forwarder.destinations.registry import build_destination
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.secrets import ReadSecret, SecretReader, read_nothing
from eks_log_forwarder.settings import Settings
from eks_log_forwarder.transport import Transport


def build_forwarder(settings: Settings) -> Forwarder:
    """A forwarder and all that it is made of."""
    delivery = Delivery(build_destination(settings), _build_transport(settings), _build_secret(settings))
    return Forwarder(
        delivery, max_batch_bytes=settings.max_batch_bytes, max_batch_events=settings.max_batch_events
    )


@cache
def forwarder() -> Forwarder:
    """The container's forwarder; what raises is tried again at the next invocation.

    Raises:
        SettingsError: the environment is missing or wrong.
    """
    return build_forwarder(Settings.from_environ(os.environ))


def _build_transport(settings: Settings) -> Transport:
    return Transport(
        connect_timeout_seconds=settings.connect_timeout_seconds,
        read_timeout_seconds=settings.read_timeout_seconds,
    )


def _build_secret(settings: Settings) -> ReadSecret:
    if not settings.destination_secret_arn:
        return read_nothing
    return SecretReader(settings.destination_secret_arn)
