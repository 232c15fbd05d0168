r"""Finds secrets in the arguments of a command: `--password=x`, `--api-token x`, `DB_PASS=x`, `mysql -px`.

A command is a list of strings, and a string may be a script. Both are read as words, in order. In a JSON
string `\n` is white space and `\"` is a quote.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from eks_log_forwarder.redaction.secret_names import is_evidence, says_secret
from eks_log_forwarder.redaction.spans import Span

_WORD = re.compile(
    r"""(?P<word>(?:[^\s'"\\;|&]++|'[^'\\]*+'?|(?P<quote>\\++")[^"\\]*+(?:(?P=quote))?+|\\++(?![nrt"]))++)"""
    r"""|(?P<end>[;|&]++|\\++n)"""
)
_SETTING = re.compile(r"-{0,2}+(?P<name>[A-Za-z_][\w.-]*+)(?P<value>=)?+")
_QUOTES = re.compile(r"""(?:'|\\++")?+""")
_MOST_SETTINGS = 3  # --set auth.password=x has two names


class _Tool(NamedTuple):
    """A program with a short flag for a password, which other programs use for ports, paths and so on."""

    flag: str
    is_attached: bool = True
    """Whether the value may follow in the same word."""
    is_next: bool = True
    """Whether it may be the next word."""
    needs: str = ""
    """The sub-command that takes the flag."""


_MYSQL = _Tool("-p", is_next=False)
_LOGIN = _Tool("-p", needs="login")
_TOOLS = {
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mysqlcheck", "mariadb", "mariadb-dump"), _MYSQL),
    **dict.fromkeys(("docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane"), _LOGIN),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore"), _Tool("-p")),
    "sshpass": _Tool("-p"),
    "redis-cli": _Tool("-a"),
    "sqlcmd": _Tool("-P"),
    "ldapsearch": _Tool("-w"),
    "curl": _Tool("-u"),
}
TOOLS = (*_TOOLS,)


def argument_spans(text: str, strings: Iterable[Span]) -> list[Span]:
    """The places of secrets in the strings of a command."""
    spans: list[Span] = []
    tool: _Tool | None = None
    is_ready = is_awaited = False
    for start, end in _words(text, strings):
        if start == end:
            tool, is_awaited = None, False
            continue
        is_flag = text.startswith("-", start)
        if is_awaited and not is_flag:
            spans += _secret(text, start, end, tool)
            is_awaited = False
            continue
        is_awaited = False
        setting = _SETTING.match(text, start, end)
        if tool is not None and is_ready and text.startswith(tool.flag, start):
            behind = start + len(tool.flag)
            if behind == end:
                is_awaited = tool.is_next
                continue
            if tool.is_attached and not text.startswith("-", start + 1):
                spans += _secret(text, behind, end, tool)
                continue
        if setting is not None:
            value = _value_of(text, setting, end)
            if value is not None and value < end:
                spans += _secret(text, value, end, None)
            elif is_flag and setting.end() == end:
                is_awaited = says_secret(setting["name"])
        if not is_flag:
            found = _TOOLS.get(text[max(start, end - 20) : end].rpartition("/")[2])
            if found is not None:
                tool, is_ready = found, not found.needs
            elif tool is not None and text[start:end] == tool.needs:
                is_ready = True
    return spans


def _words(text: str, strings: Iterable[Span]) -> Iterator[Span]:
    """The words; an empty one where a command of a script ends."""
    for start, end in strings:
        for word in _WORD.finditer(text, start, end):
            yield word.span("word") if word["word"] else (start, start)


def _value_of(text: str, setting: re.Match[str], end: int) -> int | None:
    """Where the value of a secret setting starts; the value may itself be `name=value`."""
    found: re.Match[str] | None = setting
    for _ in range(_MOST_SETTINGS):
        if found is None or found["value"] is None:
            return None
        if says_secret(found["name"]):
            return found.end()
        found = _SETTING.match(text, found.end(), end)
    return None


def _secret(text: str, start: int, end: int, tool: _Tool | None) -> list[Span]:
    """The value without its quotes, or nothing where it is evidence; `curl -u` has a user before it."""
    quote = _QUOTES.match(text, start, end)
    if quote and quote[0]:
        start = quote.end()
        end -= len(quote[0]) if text.endswith(quote[0], start, end) else 0
    if tool is not None and tool.flag == "-u":
        colon = text.find(":", start, end)
        start = colon + 1 if colon >= 0 else end
    return [] if start >= end or is_evidence(text[start:end], "password") else [(start, end)]
