"""Finds secrets in what containers are given: environment variables, arguments, headers of probes.

It reads core/v1 EnvVar `{"name": …, "value": …}` in every `env` array (pods, templates, strategic merge
patches, `last-applied-configuration`), the strings of every `args` and `command` array, and core/v1
HTTPHeader in `httpHeaders` arrays. JSON patches (RFC 6902) of such an array are read too.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from eks_log_forwarder.redaction.arguments import argument_spans
from eks_log_forwarder.redaction.json_tree import (
    MAX_DEPTH,
    WHITE_SPACE,
    Items,
    Leaf,
    Tree,
    content_pattern,
    quote_depth,
    read_tree,
)
from eks_log_forwarder.redaction.oversize import Oversize
from eks_log_forwarder.redaction.patches import PatchValue
from eks_log_forwarder.redaction.secret_names import is_evidence, says_secret
from eks_log_forwarder.redaction.spans import Span

_ARRAY = re.compile(rf'(?P<escape>\\*+)"{WHITE_SPACE}:{WHITE_SPACE}(?=\[)')
_PATCH_PATH = re.compile(
    r"/(?:env(?:/(?:\d{1,9}|-))?(?P<value>/value)?|(?P<command>args|command)(?:/(?:\d{1,9}|-))?)\Z"
)
_HEADERS = "httpHeaders"
_COMMANDS = frozenset({"args", "command"})
_ENV_NEEDLES = ('env"', "env\\")
_NEEDLES = (*_ENV_NEEDLES, *(f"{name}{behind}" for name in ("args", "command") for behind in ('"', "\\")))
_EXEC = re.compile(r'"subresource"\s*+:\s*+"exec"')  # its command is what an investigator looks for


def container_spans(text: str, end: int, patches: list[PatchValue], oversize: Oversize) -> list[Span]:
    """The places of secrets that containers get, in a text that ends, or was cut, at `end`."""
    spans: list[Span] = []
    items = Items(end)
    needles = _ENV_NEEDLES if _EXEC.search(text) else _NEEDLES
    for needle in (*needles, _HEADERS):
        if needle in text:
            spans += _in_arrays(text, needle, end, items, oversize)
    commands: dict[Span, list[Span]] = {}
    for path, leaf in patches:
        match = _PATCH_PATH.search(text, *path)
        if match is None:
            continue
        if match["command"]:
            commands.setdefault(path, []).append((leaf.start, leaf.end))
        elif match["value"]:  # /env/0/value does not tell the name
            spans += [] if is_evidence(text[leaf.start : leaf.end]) else [(leaf.start, leaf.end)]
        elif _is_secret_value(text, leaf, says_secret):
            spans.append((leaf.start, leaf.end))
    for strings in commands.values():
        spans += argument_spans(text, strings)
    return spans


def _in_arrays(text: str, needle: str, end: int, items: Items, oversize: Oversize) -> list[Span]:
    spans: list[Span] = []
    name = needle.rstrip('"\\')
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
            plain = _PLAIN[name](text, array.end(), stop, depth)
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
            spans += _found_in(text, tree, name)
            # JSON in a string in the array
            strings = [(leaf.start, leaf.end) for leaf in tree.leaves]
            pending += [string for string in strings if text.find(f"{name}\\", *string) >= 0]
            position = tree.stop
    return spans


def _found_in(text: str, tree: Tree, name: str) -> list[Span]:
    if name in _COMMANDS:
        return argument_spans(text, [(leaf.start, leaf.end) for leaf in tree.leaves])
    is_secret = _is_authorization if name == _HEADERS else says_secret
    return [(leaf.start, leaf.end) for leaf in tree.leaves if _is_secret_value(text, leaf, is_secret)]


def _is_secret_value(text: str, leaf: Leaf, is_secret: Callable[[str], bool]) -> bool:
    if leaf.key != "value":
        return False
    place = leaf.container.strings.get("name")
    if place is None and leaf.container.closed:
        return False
    name = "" if place is None else text[slice(*place)]
    if place is not None and not is_secret(name):  # where the name is cut off, it may be a secret one
        return False
    return not is_evidence(text[leaf.start : leaf.end], name)


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
            if says_secret(name):
                if not is_evidence(match["value"], name):
                    spans.append((value_start, value_end))
            elif text.find("env\\", value_start, value_end) >= 0:
                return None
        if text[position - 1] == "]":
            return position, spans
    return None


def _plain_command(text: str, start: int, end: int, depth: int) -> tuple[int, list[Span]] | None:
    """Reads a whole array of strings; else None."""
    strings = _strings(depth).match(text, start, end)
    if strings is None:
        return None
    content = _content(depth).finditer(text, start, strings.end())
    return strings.end(), argument_spans(text, [string.span("content") for string in content])


def _no_plain_form(*_: object) -> None:
    return None


_PLAIN: dict[str, Callable[[str, int, int, int], tuple[int, list[Span]] | None]] = {
    "env": _plain_array,
    "args": _plain_command,
    "command": _plain_command,
    _HEADERS: _no_plain_form,
}


@lru_cache(MAX_DEPTH + 1)
def _strings(depth: int) -> re.Pattern[str]:
    quote = rf'\\{{{2**depth - 1}}}"'
    return re.compile(rf"\[(?:{WHITE_SPACE}{quote}{content_pattern(depth)}{quote}{WHITE_SPACE},?+)*+\]")


@lru_cache(MAX_DEPTH + 1)
def _content(depth: int) -> re.Pattern[str]:
    quote = rf'\\{{{2**depth - 1}}}"'
    return re.compile(rf"{quote}(?P<content>{content_pattern(depth)}){quote}")


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


def _is_authorization(name: str) -> bool:
    return name.lower().endswith("authorization")
