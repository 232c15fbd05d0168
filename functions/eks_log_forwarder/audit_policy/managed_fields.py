"""Removes managedFields from the body of an audit event, in the places where the API server does.

Source: k8s.io/apiserver, pkg/audit. The places are the metadata of the body, of the items of a list, and of
the objects in the rows of a table.
"""

from collections.abc import Callable

import msgspec

_NAME = b'"managedFields"'
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def without_managed_fields(body: msgspec.Raw) -> msgspec.Raw:
    """Return the JSON of a body without its managedFields; the same object if it has none.

    Raises:
        msgspec.DecodeError: the body is not JSON.
    """
    body = _from_object(body)
    body = _change_member(body, "items", lambda items: _change_each(items, _from_object))
    if _is_table(body):
        body = _change_member(body, "rows", lambda rows: _change_each(rows, _from_row))
    return body


def _from_object(value: msgspec.Raw) -> msgspec.Raw:
    return _change_member(
        value, "metadata", lambda metadata: _change_member(metadata, "managedFields", lambda _: None)
    )


def _from_row(row: msgspec.Raw) -> msgspec.Raw:
    return _change_member(row, "object", _from_object)


def _is_table(body: msgspec.Raw) -> bool:
    return bytes(body)[:1] == b"{" and bytes(_decode_object(body).get("kind", b"")) == b'"Table"'


def _change_member(
    value: msgspec.Raw, name: str, change: Callable[[msgspec.Raw], msgspec.Raw | None]
) -> msgspec.Raw:
    """Return an object with one member changed; None removes it. Other values are returned unchanged."""
    text = bytes(value)
    if text[:1] != b"{" or _NAME not in text:
        return value
    members = _decode_object(text)
    old = members.get(name)
    if old is None:
        return value
    new = change(old)
    if new is old:
        return value
    if new is None:
        del members[name]
    else:
        members[name] = new
    return msgspec.Raw(msgspec.json.encode(members))


def _change_each(value: msgspec.Raw, change: Callable[[msgspec.Raw], msgspec.Raw]) -> msgspec.Raw:
    text = bytes(value)
    if text[:1] != b"[" or _NAME not in text:
        return value
    old = _decode_array(text)
    new = [change(item) for item in old]
    if all(one is other for one, other in zip(new, old, strict=True)):
        return value
    return msgspec.Raw(msgspec.json.encode(new))
