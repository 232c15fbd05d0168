"""The typed header of a Kubernetes audit event (audit.k8s.io/v1 and v1beta1, kind Event)."""

import msgspec


class User(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Who asked (authentication.k8s.io/v1 UserInfo); EKS puts arn, accessKeyId, sessionName in `extra`."""

    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class ObjectRef(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """What the request is about (audit.k8s.io/v1 ObjectReference)."""

    resource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_group: str = ""
    api_version: str = ""
    resource_version: str = ""
    subresource: str = ""


class ResponseStatus(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How the request ended; `code` is the HTTP status, 0 where there is none."""

    code: int = 0
    reason: str = ""


class AuditHeader(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={
        "audit_id": "auditID",
        "request_uri": "requestURI",
        "impersonated_user": "impersonatedUser",
        "source_ips": "sourceIPs",
        "user_agent": "userAgent",
        "object_ref": "objectRef",
        "response_status": "responseStatus",
    },
):
    """The fields of an audit event that routing, policy and detection look at."""

    level: str = ""
    audit_id: str = ""
    stage: str = ""
    verb: str = ""
    request_uri: str = ""
    user: User = User()
    impersonated_user: User | None = None
    source_ips: list[str] = []
    user_agent: str = ""
    object_ref: ObjectRef | None = None
    response_status: ResponseStatus | None = None
    annotations: dict[str, str] = {}
