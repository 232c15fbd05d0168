"""Removes the parts of an audit event that a policy does not keep; all other values keep their bytes."""

import msgspec

from eks_log_forwarder.audit_policy.decision import Action, Decision
from eks_log_forwarder.audit_policy.managed_fields import without_managed_fields

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_BODIES = ("requestObject", "responseObject")


def trim(message: str, decision: Decision) -> str:
    """Apply a TRIM decision to the text of one audit event.

    Keys keep their order and other values keep their bytes; only white space between the members of a
    rewritten object is lost. An event without a level gets one, as its last key, if it loses a body. The
    same string is returned for any other decision, if nothing changes, and if it is not a JSON object.
    """
    if decision.action is not Action.TRIM:
        return message
    omit_managed_fields = decision.omit_managed_fields and '"managedFields"' in message
    if decision.level is None and not omit_managed_fields and not _names_one_of(message, decision.strip):
        return message
    try:
        event = _decode_object(message)
        stripped = [event.pop(body) for body in decision.strip if body in event]
        found = omit_managed_fields and _omit_managed_fields(event)
        if decision.level is not None and (stripped or "level" in event):
            event["level"] = msgspec.Raw(msgspec.json.encode(decision.level))
        elif not stripped and not found:
            return message
        return msgspec.json.encode(event).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return message  # not a JSON object, or nested too deep to read: forwarded whole


def _names_one_of(message: str, bodies: tuple[str, ...]) -> bool:
    return any(f'"{body}"' in message for body in bodies)


def _omit_managed_fields(event: dict[str, msgspec.Raw]) -> bool:
    """Remove managedFields from the bodies in place; return whether there were any."""
    found = False
    for body in _BODIES:
        # the server writes a patch as the client sent it
        if body not in event or (body == "requestObject" and bytes(event.get("verb", b"")) == b'"patch"'):
            continue
        old = event[body]
        event[body] = without_managed_fields(old)
        found = found or event[body] is not old
    return found
