"""Finds values of container environment variables whose name says that they are secret.

Shapes: core/v1 EnvVar `{"name": …, "value": …}` in an `env` array, wherever it is (pods, templates, strategic
merge patches, `last-applied-configuration`), and JSON patches (RFC 6902) of such an array.
"""

import re

from eks_log_forwarder.redaction.json_tree import Container, Leaf, quote_depth, read_tree
from eks_log_forwarder.redaction.patches import patch_values
from eks_log_forwarder.redaction.spans import Span

_ARRAY = re.compile(r'env(?P<escape>\\*+)"(?:\s|\\++[nrt])*+:(?:\s|\\++[nrt])*+(?=\[)')
_SECRET_NAME = re.compile(r"password|passwd|secret|token|key", re.IGNORECASE)
_PATCH_PATH = re.compile(r"/env(?:/(?:\d{1,9}|-))?(?P<value>/value)?\Z")


def env_spans(text: str, end: int) -> list[Span]:
    """The places of secret environment values in a text that ends, or was cut, at `end`."""
    spans: list[Span] = []
    if 'env"' in text:
        spans += _in_arrays(text, 'env"', 0, end)
    if "env\\" in text:
        spans += _in_arrays(text, "env\\", 0, end)
    if "/env" in text:
        spans += _in_patches(text, end)
    return spans


def _in_arrays(text: str, needle: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    pending = [(start, end)]
    while pending:
        position, stop = pending.pop()
        while (position := text.find(needle, position, stop)) >= 0:
            array = _ARRAY.match(text, position, stop)
            depth = quote_depth(len(array["escape"])) if array else None
            if array is None or depth is None or text[position - 1 : position] != '"':
                position += len(needle)
                continue
            tree = read_tree(text, array.end(), stop, depth)
            for leaf in tree.leaves:
                if _is_secret_value(text, leaf):
                    spans.append((leaf.start, leaf.end))
                elif text.find("env\\", leaf.start, leaf.end) >= 0:  # JSON within an environment value
                    pending.append((leaf.start, leaf.end))
            position = tree.stop
    return spans


def _in_patches(text: str, end: int) -> list[Span]:
    spans: list[Span] = []
    for path, leaf in patch_values(text, end):
        match = _PATCH_PATH.search(text, *path)
        if match and (match["value"] or _is_secret_value(text, leaf)):  # /env/0/value does not tell the name
            spans.append((leaf.start, leaf.end))
    return spans


def _is_secret_value(text: str, leaf: Leaf) -> bool:
    if leaf.key != "value":
        return False
    variable: Container = leaf.container
    name = variable.strings.get("name")
    if name is None:
        return not variable.closed  # cut before the name came: it may be a secret one
    return _SECRET_NAME.search(text, *name) is not None
