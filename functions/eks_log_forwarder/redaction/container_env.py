"""Finds values of container environment variables whose name says that they are secret.

Shapes: core/v1 EnvVar `{"name": …, "value": …}` in an `env` array, wherever it is (pods, templates, strategic
merge patches, `last-applied-configuration`), and JSON patches (RFC 6902) of such an array.
"""

import re
from functools import lru_cache

from eks_log_forwarder.redaction.json_tree import MAX_DEPTH, Leaf, content_pattern, quote_depth, read_tree
from eks_log_forwarder.redaction.patches import has_patch, patch_values
from eks_log_forwarder.redaction.spans import Span

_ARRAY = re.compile(r'env(?P<escape>\\*+)"(?:\s|\\++[nrt])*+:(?:\s|\\++[nrt])*+(?=\[)')
_SECRET_NAME = re.compile(r"password|passwd|secret|token|key", re.IGNORECASE)
_PATCH_PATH = re.compile(r"/env(?:/(?:\d{1,9}|-))?(?P<value>/value)?\Z")


def env_spans(text: str, end: int) -> list[Span]:
    """The places of secret environment values in a text that ends, or was cut, at `end`."""
    spans: list[Span] = []
    if 'env"' in text:
        spans += _in_arrays(text, 'env"', 0, end)
    if "\\" in text and "env\\" in text:
        spans += _in_arrays(text, "env\\", 0, end)
    if has_patch(text) and "/env" in text:
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
            plain = _plain_array(text, array.end(), stop, depth)
            if plain is not None:
                position, found = plain
                spans += found
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
    name = leaf.container.strings.get("name")
    if name is None:
        return not leaf.container.closed  # cut before the name came: it may be a secret one
    return _says_secret(text[name[0] : name[1]])


def _plain_array(text: str, start: int, end: int, depth: int) -> tuple[int, list[Span]] | None:
    """Reads an array as Go's encoder writes it, ten times as fast as the tree; None where it is not so.

    The end of the last entry, and the places of the secret values.
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


@lru_cache(4096)
def _says_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None
