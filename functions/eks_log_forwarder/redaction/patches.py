"""Reads the JSON patches (RFC 6902) in an audit event.

A patch is the requestObject of a patch request. The API server also notes a mutating webhook's patch in the
annotation `patch.webhook.admission.k8s.io/…`: JSON in a string, with the operations under `patch`.
"""

import re

from eks_log_forwarder.redaction.json_tree import WHITE_SPACE, Items, Leaf, Tree, quote_depth, read_tree
from eks_log_forwarder.redaction.oversize import Oversize
from eks_log_forwarder.redaction.spans import Span

_OPERATIONS = re.compile(rf'"(?:requestObject|patch)(?P<escape>\\*+)"{WHITE_SPACE}:{WHITE_SPACE}(?=\[)')
_WEBHOOK_PATCH = "patch.webhook.admission.k8s.io"


type PatchValue = tuple[Span, Leaf]
"""A string in the `value` of an operation, with the place of the operation's path.

The container of the string is the operation itself where the whole value is a string.
"""


def patch_values(text: str, end: int, oversize: Oversize) -> list[PatchValue]:
    """What the JSON patches set in an audit event that ends, or was cut, at `end`."""
    if "questObject" not in text and _WEBHOOK_PATCH not in text:
        return []
    values: list[PatchValue] = []
    items = Items(end)
    position = 0
    while array := _OPERATIONS.search(text, position, end):
        position = array.end()
        depth = quote_depth(len(array["escape"]))
        if depth is not None:
            tree = read_tree(text, position, end, depth, items)
            position = oversize.skip(position, depth) if tree.is_too_large else tree.stop
            if not tree.is_too_large:
                values += _values(tree)
    return values


def _values(tree: Tree) -> list[PatchValue]:
    under_value = set()
    for container in tree.containers:
        is_value = container.name == "value" and container.parent is container.entry
        if container is not container.entry and (is_value or container.parent in under_value):
            under_value.add(container)
    values: list[PatchValue] = []
    for leaf in tree.leaves:
        operation = leaf.container.entry
        if operation is None or "path" not in operation.strings:
            continue
        if leaf.container in under_value or (leaf.container is operation and leaf.key == "value"):
            values.append((operation.strings["path"], leaf))
    return values
