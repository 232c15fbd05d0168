"""Reads the JSON patches (RFC 6902) in an audit event.

They are the requestObject of a patch request, and what the API server notes of a mutating webhook's answer in
the annotation `patch.webhook.admission.k8s.io/…`: JSON in a string, the operations under `patch`.
"""

import re
from collections.abc import Iterator

from eks_log_forwarder.redaction.json_tree import Leaf, Tree, quote_depth, read_tree
from eks_log_forwarder.redaction.spans import Span

_OPERATIONS = re.compile(r'"(?:requestObject|patch)(?P<escape>\\*+)"\s*+:\s*+(?=\[)')

_REQUEST_PATCH = re.compile(r'questObject\\*+"\s*+:\s*+\[')
_WEBHOOK_PATCH = "patch.webhook.admission.k8s.io"


def has_patch(text: str) -> bool:
    """Whether there may be a JSON patch; a fraction of what looking for operations costs."""
    request = text.find("questObject")
    return (request >= 0 and _REQUEST_PATCH.match(text, request) is not None) or _WEBHOOK_PATCH in text


def patch_values(text: str, end: int) -> Iterator[tuple[Span, Leaf]]:
    """Each string in an operation's `value`, with the place of the operation's path.

    The string's container is the operation itself where the whole value is a string.
    """
    position = 0
    while array := _OPERATIONS.search(text, position, end):
        position = array.end()
        depth = quote_depth(len(array["escape"]))
        if depth is not None:
            tree = read_tree(text, position, end, depth)
            position = tree.stop
            yield from _values(tree)


def _values(tree: Tree) -> Iterator[tuple[Span, Leaf]]:
    under_value = set()
    for container in tree.containers:
        is_value = container.name == "value" and container.parent is container.entry
        if container is not container.entry and (is_value or container.parent in under_value):
            under_value.add(container)
    for leaf in tree.leaves:
        operation = leaf.container.entry
        if operation is None or "path" not in operation.strings:
            continue
        if leaf.container in under_value or (leaf.container is operation and leaf.key == "value"):
            yield operation.strings["path"], leaf
