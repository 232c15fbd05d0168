"""Finds the values of container environment variables with a name that says that they are secret.

It reads core/v1 EnvVar `{"name": …, "value": …}` in every `env` array (pods, templates, strategic merge
patches, `last-applied-configuration`), and JSON patches (RFC 6902) of such an array. It reads core/v1
HTTPHeader in `httpHeaders` arrays (probes, life-cycle hooks) in the same way.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from eks_log_forwarder.redaction.json_tree import (
    MAX_DEPTH,
    WHITE_SPACE,
    Items,
    Leaf,
    content_pattern,
    quote_depth,
    read_tree,
)
from eks_log_forwarder.redaction.oversize import Oversize
from eks_log_forwarder.redaction.patches import PatchValue
from eks_log_forwarder.redaction.spans import Span

_ARRAY = re.compile(rf'(?P<escape>\\*+)"{WHITE_SPACE}:{WHITE_SPACE}(?=\[)')
_SECRET_NAME = re.compile(r"password|passwd|secret|token|key", re.IGNORECASE)
_PATCH_PATH = re.compile(r"/env(?:/(?:\d{1,9}|-))?(?P<value>/value)?\Z")
_HEADERS = "httpHeaders"


def env_spans(text: str, end: int, patches: list[PatchValue], oversize: Oversize) -> list[Span]:
    """The places of secret environment values in a text that ends, or was cut, at `end`."""
    spans: list[Span] = []
    items = Items(end)
    for needle in ('env"', "env\\", _HEADERS):
        if needle in text:
            spans += _in_arrays(text, needle, end, items, oversize)
    for path, leaf in patches:
        match = _PATCH_PATH.search(text, *path)
        if match and (match["value"] or _is_secret_value(text, leaf, _says_secret)):
            spans.append((leaf.start, leaf.end))  # /env/0/value does not tell the name
    return spans


def _in_arrays(text: str, needle: str, end: int, items: Items, oversize: Oversize) -> list[Span]:
    spans: list[Span] = []
    name = needle.rstrip('"\\')
    is_secret = _is_authorization if name == _HEADERS else _says_secret
    pending = [(0, end)]
    while pending:
        start, stop = pending.pop()
        position = start
        while (position := text.find(needle, position, stop)) >= 0:
            array = _ARRAY.match(text, position + len(name), stop)
            depth = quote_depth(len(array["escape"])) if array else None
            if array is None or depth is None or text[position - 1 : position] != '"':
                position += len(needle)
                continue
            plain = _plain_array(text, array.end(), stop, depth) if name != _HEADERS else None
            if plain is not None:
                position, found = plain
                spans += found
                continue
            tree = read_tree(text, array.end(), stop, depth, items)
            if tree.is_too_large and start > 0:
                spans.append((start, stop))
                break
            if tree.is_too_large:
                position = oversize.skip(position, depth)
                continue
            for leaf in tree.leaves:
                if _is_secret_value(text, leaf, is_secret):
                    spans.append((leaf.start, leaf.end))
                elif text.find(f"{name}\\", leaf.start, leaf.end) >= 0:  # JSON in a string in the array
                    pending.append((leaf.start, leaf.end))
            position = tree.stop
    return spans


def _is_secret_value(text: str, leaf: Leaf, is_secret: Callable[[str], bool]) -> bool:
    if leaf.key != "value":
        return False
    name = leaf.container.strings.get("name")
    if name is None:
        return not leaf.container.closed  # cut before the name came: it may be a secret one
    return is_secret(text[name[0] : name[1]])


def _plain_array(text: str, start: int, end: int, depth: int) -> tuple[int, list[Span]] | None:
    """Reads an array in the form that Go's encoder writes, ten times as fast as the tree; else None.

    Returns the end of the last entry, and the places of the secret values.
    """
    spans: list[Span] = []
    position = start + 1
    entry = _plain_entry(depth).match
    while match := entry(text, position, end):
        position = match.end()
        name, value_start = match["name"], match.start("value")
        if value_start >= 0:
            value_end = match.end("value")
            if _says_secret(name):
                spans.append((value_start, value_end))
            elif text.find("env\\", value_start, value_end) >= 0:
                return None
        if text[position - 1] == "]":
            return position, spans
    return None


@lru_cache(MAX_DEPTH + 1)
def _plain_entry(depth: int) -> re.Pattern[str]:
    quote = rf'\\{{{2**depth - 1}}}"'
    simple = rf'{quote}[^"\\]*+{quote}'
    return re.compile(
        rf'\{{{quote}name{quote}:{quote}(?P<name>[^"\\]*+){quote}'
        rf"(?:,{quote}value{quote}:{quote}(?P<value>{content_pattern(depth)}){quote})?+"
        rf"(?:,{quote}valueFrom{quote}:\{{{simple}:\{{(?:{simple}[:,]?+|true|false)*+\}}\}})?+"
        r"\}[,\]]"
    )


def _says_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _is_authorization(name: str) -> bool:
    return name.lower().endswith("authorization")
