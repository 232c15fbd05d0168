"""The composition root: builds the parts of a function from the environment, once per container.

A stage is imported only if the settings switch it on, which keeps cold starts short.
"""
# ruff: noqa: PLC0415  # imports within functions, for the reason above

import os
from copy import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

# First, because the HTTP libraries take 10 ms less to import here than from within a dozen other imports.
from eks_log_forwarder.transport.client import Transport

# isort: split
from eks_log_forwarder.config.credentials import ReadSecret, SecretReader, read_nothing, usable_fields
from eks_log_forwarder.config.settings import NO_POLICY, Settings
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.destinations.registry import build_destination, for_redrive
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.stages import Match, Redact, Stages
from eks_log_forwarder.telemetry.publishing import logger

if TYPE_CHECKING:
    from eks_log_forwarder.audit_policy import Policy

# policies/ and detections/ are found beside the package, so a copy of functions/ with other files works.
_BESIDE_THE_PACKAGE = Path(__file__).resolve().parent.parent
_SHIPPED_RULES = _BESIDE_THE_PACKAGE / "detections"
OWN_RULES = _SHIPPED_RULES / "own"  # the user's


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
    """The container's forwarder; if this raises, the next invocation tries again."""
    return build_forwarder(settings())


def redrive_forwarder() -> Forwarder:
    """The container's forwarder with the redrive's larger number of requests per batch."""
    from eks_log_forwarder.redrive import MAX_REQUESTS_PER_PARKED_BATCH

    built = forwarder()
    destination = for_redrive(built.delivery.destination, settings())
    return replace(
        built,
        delivery=replace(
            built.delivery, destination=destination, max_requests_per_batch=MAX_REQUESTS_PER_PARKED_BATCH
        ),
    )


@cache
def queues() -> tuple[Queue, Queue]:
    """The queue of undelivered events and the dead-letter queue."""
    return Queue(settings().undelivered_queue_url), Queue(settings().dead_letter_queue_url)


def build_forwarder(settings: Settings) -> Forwarder:
    """Builds a forwarder and its parts."""
    delivery = Delivery(
        destination=build_destination(settings),
        transport=Transport(
            connect_timeout_seconds=settings.connect_timeout_seconds,
            read_timeout_seconds=settings.read_timeout_seconds,
        ),
        read_secret=_build_secret(settings),
        retry_budget_seconds=settings.retry_budget_seconds,
        proxy_url=settings.destination_options.proxy,
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
        policy=_build_policy(settings),
        redact=_build_redaction() if settings.redact else None,
        region=os.environ.get("AWS_REGION", ""),
    )


def _build_policy(settings: Settings) -> "Policy | None":
    if settings.audit_policy == NO_POLICY:
        return None
    from eks_log_forwarder.audit_policy import load_policy

    return load_policy(_BESIDE_THE_PACKAGE / "policies", settings.audit_policy)


def _build_redaction() -> Redact:
    from eks_log_forwarder.redaction import redact

    return redact


def rule_folders() -> tuple[Path, ...]:
    """Where the detection rules are: the shipped ones, then the user's own if there is such a folder."""
    return (_SHIPPED_RULES, OWN_RULES) if OWN_RULES.is_dir() else (_SHIPPED_RULES,)


def _build_matcher(settings: Settings) -> Match:
    from eks_log_forwarder.detection.matcher import Matcher
    from eks_log_forwarder.detection.rule_set import RuleSet

    return Matcher(
        RuleSet.load(
            *rule_folders(),
            disabled=settings.disabled_detections,
            trusted_networks=settings.trusted_networks,
        )
    )


def _build_secret(settings: Settings) -> ReadSecret:
    if not settings.destination_secret_arn:
        return read_nothing
    usable = usable_fields(settings.destination, proxy=bool(settings.destination_options.proxy))
    return SecretReader(settings.destination_secret_arn, usable)
