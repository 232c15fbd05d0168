"""The composition root: from the environment to the parts of a function, once a container."""

import os
from functools import cache
from pathlib import Path

from eks_log_forwarder.audit_policy import load_policy
from eks_log_forwarder.delivery import Delivery
from eks_log_forwarder.destinations.registry import build_destination
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.observability import logger
from eks_log_forwarder.redaction import redact
from eks_log_forwarder.secrets import ReadSecret, SecretReader, read_nothing
from eks_log_forwarder.settings import Settings
from eks_log_forwarder.stages import Match, Stages
from eks_log_forwarder.transport import Transport
from eks_log_forwarder.undelivered import Queue

# policies/ and detections/ stand beside the package, so a copy of functions/ with other files works as it is
_BESIDE_THE_PACKAGE = Path(__file__).resolve().parent.parent


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
        stages=_build_stages(settings),
        delivery=delivery,
        undelivered=Queue(settings.undelivered_queue_url) if settings.undelivered_queue_url else None,
        max_batch_bytes=settings.max_batch_bytes,
        max_batch_events=settings.max_batch_events,
    )


def _build_stages(settings: Settings) -> Stages:
    return Stages(
        log_types=settings.log_types,
        match=_build_matcher(settings) if settings.detections else None,
        policy=load_policy(_BESIDE_THE_PACKAGE / "policies", settings.audit_policy),
        redact=redact if settings.redact else None,
    )


def _build_matcher(settings: Settings) -> Match:
    # Imported here because it brings pySigma, which a stack without detections need not pay for.
    from eks_log_forwarder.detection.engine import Detections  # noqa: PLC0415
    from eks_log_forwarder.sightings import Matcher  # noqa: PLC0415

    return Matcher(
        Detections.load(
            _BESIDE_THE_PACKAGE / "detections",
            disabled=settings.disabled_detections,
            trusted_networks=settings.trusted_networks,
        )
    )


def _build_secret(settings: Settings) -> ReadSecret:
    if not settings.destination_secret_arn:
        return read_nothing
    return SecretReader(settings.destination_secret_arn)
