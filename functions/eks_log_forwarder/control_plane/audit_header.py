"""The typed header of a Kubernetes audit event (audit.k8s.io/v1 and v1beta1, kind Event)."""

from typing import Final, Literal

import msgspec

AUDIT_API_GROUP = "audit.k8s.io/"
V1: Final = "audit.k8s.io/v1"
V1BETA1: Final = "audit.k8s.io/v1beta1"
# The text repeats what the client sent: names, and whole values that are invalid.
MAX_STATUS_MESSAGE = 1024
_REASON = "authorization.k8s.io/reason"


class User(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The user (authentication.k8s.io/v1 UserInfo). EKS adds arn, accessKeyId and sessionName to `extra`."""

    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class ObjectRef(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """The object of the request (audit.k8s.io/v1 ObjectReference)."""

    resource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_group: str = ""
    api_version: str = ""
    resource_version: str = ""
    subresource: str = ""


class ResponseStatus(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How the request ended: `code` is the HTTP status, 0 if there is none.

    `message` has at most MAX_STATUS_MESSAGE characters; the record's `message` has the whole text.
    """

    message: str = ""
    reason: str = ""
    code: int = 0


NO_USER = User()
NO_OBJECT = ObjectRef()
NO_STATUS = ResponseStatus()


class AuditHeader(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    rename={
        "audit_id": "auditID",
        "request_uri": "requestURI",
        "impersonated_user": "impersonatedUser",
        "source_ips": "sourceIPs",
        "user_agent": "userAgent",
        "object_ref": "objectRef",
        "response_status": "responseStatus",
        "api_version": "apiVersion",
        "request_received_timestamp": "requestReceivedTimestamp",
        "stage_timestamp": "stageTimestamp",
    },
):
    """The fields of an audit event that the pipeline reads and that records carry.

    `kind` and `api_version` distinguish an audit event from other JSON. They are literals, so msgspec returns
    the default object itself and omits it from an encoded record. The fields stand in the API server's
    order, because msgspec then finds each key at once.
    """

    kind: Literal["Event"] = "Event"
    api_version: Literal["audit.k8s.io/v1", "audit.k8s.io/v1beta1"] = V1
    level: str = ""
    audit_id: str = ""
    stage: str = ""
    verb: str = ""
    request_uri: str = ""
    user: User = NO_USER
    impersonated_user: User | None = None
    source_ips: list[str] = []
    user_agent: str = ""
    object_ref: ObjectRef | None = None
    response_status: ResponseStatus | None = None
    request_received_timestamp: str = ""
    stage_timestamp: str = ""
    annotations: dict[str, str] = {}


def tidied(header: AuditHeader) -> AuditHeader:
    """The header without empty parts and with a bounded status message, as a record carries it.

    msgspec omits a nested struct only if it is the default object itself. The dictionaries belong to this
    header alone, so their empty entries (`authorization.k8s.io/reason: ""`) are removed in place. It runs for
    every event, so it first checks only the field that a filled part always has.
    """
    user, impersonated = header.user, header.impersonated_user
    ref, status = header.object_ref, header.response_status
    annotations = header.annotations
    if _REASON in annotations and not annotations[_REASON]:  # of nearly every event that has an empty one
        del annotations[_REASON]
    if "" in annotations.values():
        _remove_empty(annotations, "")
    if user.extra and [] in user.extra.values():
        _remove_empty(user.extra, [])
    if impersonated is not None:
        _remove_empty(impersonated.extra, [])
    if (
        user.username
        and (ref is None or ref.resource)
        and (status is None or (status.code and len(status.message) <= MAX_STATUS_MESSAGE))
        and (impersonated is None or impersonated.username)
    ):
        return header
    return msgspec.structs.replace(
        header,
        user=NO_USER if user == NO_USER else user,
        impersonated_user=None if impersonated == NO_USER else impersonated,
        object_ref=None if ref == NO_OBJECT else ref,
        response_status=None if status is None or status == NO_STATUS else _bounded(status),
    )


def _bounded(status: ResponseStatus) -> ResponseStatus:
    if len(status.message) <= MAX_STATUS_MESSAGE:
        return status
    return msgspec.structs.replace(status, message=f"{status.message[: MAX_STATUS_MESSAGE - 1]}…")


def _remove_empty[Value: (str, list[str])](entries: dict[str, Value], empty: Value) -> None:
    for key in [key for key, value in entries.items() if value == empty]:
        del entries[key]
