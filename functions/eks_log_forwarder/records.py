"""What CloudWatch hands over, and what is said of it on the way; the records that go out: log_record.py."""

from enum import StrEnum
from typing import Annotated

import msgspec

# CloudWatch's type Timestamp, a Long; what is beyond it no clock, metric or collector could take
type Timestamp = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class LogType(StrEnum):
    """The EKS API's five names of control-plane log types, and one for a stream of no known name."""

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"
    UNKNOWN = "unknown"


class LogEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of a log, as CloudWatch Logs hands it to a subscription; `timestamp` in ms since 1970.

    `id` is unique to the event and stays the same however often the event is delivered.
    """

    id: str
    timestamp: Timestamp
    message: str
    extractedFields: dict[str, str] | None = None  # noqa: N815  # CloudWatch's name


class SubscriptionPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `awslogs.data` holds (CloudWatch Logs user guide, "Subscription filters with AWS Lambda")."""

    messageType: str  # noqa: N815  # CloudWatch's names, here and below
    owner: str
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    subscriptionFilters: list[str]  # noqa: N815
    logEvents: list[LogEvent]  # noqa: N815
    policyLevel: str | None = None  # noqa: N815  # of an account-level subscription


class Detection(msgspec.Struct, frozen=True):
    """One Sigma rule that matched an event, as the record names it."""

    id: str
    title: str
    level: str
    tags: list[str]
