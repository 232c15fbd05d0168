"""The composition root: from the environment to the parts of a function, once a container."""

import os
from functools import cache

from eks_log_forwarder.delivery import Delivery
from eks_log_forwarder.destinations.registry import build_destination
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.observability import logger
from eks_log_forwarder.secrets import ReadSecret, SecretReader, read_nothing
from eks_log_forwarder.settings import Settings
from eks_log_forwarder.transport import Transport
from eks_log_forwarder.undelivered import Queue


@cache
def settings() -> Settings:
    """The container's settings.

    Raises:
        SettingsError: the environment is missing or wrong; the next invocation reads it again.
    """
    settings = Settings.from_environ(os.environ)
    for warning in settings.warnings:
        logger.warning(warning)
    return settings


@cache
def forwarder() -> Forwarder:
    """The container's forwarder; what raises is tried again at the next invocation."""
    return build_forwarder(settings())


@cache
def queues() -> tuple[Queue, Queue]:
    """The queue of undelivered events and the dead-letter queue, as the redrive uses them."""
    return Queue(settings().undelivered_queue_url), Queue(settings().dead_letter_queue_url)


def build_forwarder(settings: Settings) -> Forwarder:
    """A forwarder and all that it is made of."""
    delivery = Delivery(
        destination=build_destination(settings),
        transport=Transport(
            connect_timeout_seconds=settings.connect_timeout_seconds,
            read_timeout_seconds=settings.read_timeout_seconds,
        ),
        read_secret=_build_secret(settings),
        retry_budget_seconds=settings.retry_budget_seconds,
    )
    return Forwarder(
        delivery=delivery,
        undelivered=Queue(settings.undelivered_queue_url) if settings.undelivered_queue_url else None,
        max_batch_bytes=settings.max_batch_bytes,
        max_batch_events=settings.max_batch_events,
    )


def _build_secret(settings: Settings) -> ReadSecret:
    if not settings.destination_secret_arn:
        return read_nothing
    return SecretReader(settings.destination_secret_arn)
