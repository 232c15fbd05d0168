"""Finds the data of Secrets (core/v1 Secret, `data` and `stringData`) in the bodies of an audit event.

The event's objectRef.resource tells that it is about Secrets, or `kind` in the bodies: of an object, in a
SecretList or a List, and as JSON inside a string, as in the annotation `last-applied-configuration`.
"""

import re

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.redaction.json_tree import (
    MAX_DEPTH,
    WHITE_SPACE,
    Items,
    Leaf,
    Tree,
    read_tree,
)
from eks_log_forwarder.redaction.oversize import Oversize
from eks_log_forwarder.redaction.patches import PatchValue
from eks_log_forwarder.redaction.spans import Span

_KINDS = frozenset({"Secret", "SecretList"})
_DATA_KEYS = frozenset({"data", "stringData"})
_KIND_VALUE = re.compile(r'Secret(?:List)?\\*+"')
_ABOUT_SECRETS = re.compile(r'"objectRef"\s*+:\s*+\{[^{}]*"resource"\s*+:\s*+"secrets"')
_NESTED_JSON = re.compile(rf"{WHITE_SPACE}(?=[{{\[])")
_LEAST_NESTED = len('{\\"data\\":\\"x\\"}')
_PATCH_PATH = re.compile(r"/(?:data|stringData)(?:/|\Z)")


def secret_spans(
    text: str, end: int, header: AuditHeader | None, patches: list[PatchValue], oversize: Oversize
) -> list[Span]:
    """The places of Secret data in an audit event that ends, or was cut, at `end`."""
    about_secrets = _is_about_secrets(text, header)
    if not about_secrets and not _has_secret_kind(text):
        return []
    spans: list[Span] = []
    if about_secrets:
        spans += [(leaf.start, leaf.end) for path, leaf in patches if _PATCH_PATH.match(text, *path)]
    items = Items(end)
    pending = [(0, end, 0, about_secrets)]
    while pending:
        start, stop, depth, is_secret = pending.pop()
        tree = read_tree(text, start, stop, depth, items)
        if tree.is_too_large and depth > 0:
            spans.append((start, stop))
            continue
        if tree.is_too_large:
            oversize.skip(tree.stop, depth)
        _classify(text, tree, is_secret=is_secret)
        for leaf in tree.leaves:
            in_secret = leaf.container.in_secret
            if in_secret and _is_data(leaf):
                spans.append((leaf.start, leaf.end))
            elif depth < MAX_DEPTH and (inner := _nested(text, leaf, in_secret=in_secret)) is not None:
                pending.append((inner, leaf.end, depth + 1, in_secret))
    return spans


def _nested(text: str, leaf: Leaf, *, in_secret: bool) -> int | None:
    """Where JSON begins in a string, if it may hold the data of a Secret."""
    if leaf.end - leaf.start < _LEAST_NESTED:
        return None
    json = _NESTED_JSON.match(text, leaf.start, leaf.end)
    if json is None or text.find("ata", leaf.start, leaf.end) < 0:
        return None
    return json.end() if in_secret or text.find("Secret", leaf.start, leaf.end) >= 0 else None


def _is_about_secrets(text: str, header: AuditHeader | None) -> bool:
    if header is not None and header.object_ref is not None:
        return header.object_ref.resource == "secrets"
    return '"secrets"' in text and _ABOUT_SECRETS.search(text) is not None


def _has_secret_kind(text: str) -> bool:
    position = 0
    while (position := text.find("Secret", position)) >= 0:
        if text[position - 1 : position] == '"' and _KIND_VALUE.match(text, position):
            return True
        position += len("Secret")
    return False


def _classify(text: str, tree: Tree, *, is_secret: bool) -> None:
    """Notes on each container whether it is in a Secret, and whether it is in data.

    `in_data` is None in the metadata of a Secret: labels and annotations may have a key named data.
    """
    for container in tree.containers:
        parent = container.parent
        kind = container.strings.get("kind")
        if kind is not None and text[kind[0] : kind[1]] in _KINDS:
            container.in_secret = True
            container.in_data = parent is not None and bool(parent.in_data)
            continue
        container.in_secret = is_secret or (parent is not None and parent.in_secret)
        if container.name != "metadata" and (parent is None or parent.in_data is not None):
            container.in_data = container.name in _DATA_KEYS or (parent is not None and bool(parent.in_data))


def _is_data(leaf: Leaf) -> bool:
    inside = leaf.container.in_data
    return inside is True or (inside is False and leaf.key in _DATA_KEYS)
