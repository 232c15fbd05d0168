r"""Finds secrets in the arguments of a command: `--password=x`, `--api-token x`, `DB_PASS=x`, `mysql -px`.

A command is a list of strings, and a string may be a script. Both are read as words, in order. In a JSON
string `\n` is white space and `\"` is a quote.
"""

import re
from typing import NamedTuple

from eks_log_forwarder.redaction.secret_names import is_evidence, says_secret
from eks_log_forwarder.redaction.spans import Span

# No group in the repeat: with some texts, re fails with one in a possessive repeat.
_WORD = re.compile(
    r"""(?P<word>(?:[^\s'"\\;|&]++|'[^'\\]*+'?|\\++"[^"\\]*+(?:\\++")?+|\\++(?![nrt"]))++)"""
    r"""|(?P<end>[;|&]++|\\++n)"""
)
_SETTING = re.compile(r"(?:'|\\++\")?+-{0,2}+(?P<name>[A-Za-z_][\w.-]*+)(?P<value>=)?")
_QUOTES = re.compile(r"""(?:'|\\++")?+""")
_MOST_SETTINGS = 3  # --set auth.password=x has two names


class _Tool(NamedTuple):
    """A program with a short flag for a password, which other programs use for ports, paths and so on."""

    flag: str
    is_next: bool = True
    """Whether the value may be the next word; it may always follow in the same word."""
    needs: str = ""
    """The sub-command that takes the flag."""
    means: str = "password"


_USER = "user:password"
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
    "curl": _Tool("-u", means=_USER),
}
TOOLS = (*_TOOLS,)
_LONGEST_PATH = 40


def argument_spans(text: str, strings: list[Span]) -> list[Span]:
    """The places of secrets in the strings of a command."""
    if not strings or not any(text.find(mark, strings[0][0], strings[-1][1]) >= 0 for mark in "-="):
        return []
    spans: list[Span] = []
    command = _Command(text)
    for start, end in strings:
        for word in _WORD.finditer(text, start, end):
            if word["word"]:
                spans += command.take(*word.span())
            else:
                command = _Command(text)
    return spans


class _Command:
    """What the words of a command so far tell about the next one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tool: _Tool | None = None
        self._takes_flag = False
        self._next_is: str | None = None
        """The name whose value the next word is."""

    def take(self, start: int, end: int) -> list[Span]:
        """Reads the next word, and gives the place of the secret in it."""
        text, tool = self._text, self._tool
        is_flag = text.startswith("-", start)
        name, self._next_is = self._next_is, None
        if name is not None and not is_flag:
            return _secret(text, start, end, name)
        if tool is not None and self._takes_flag and text.startswith(tool.flag, start):
            return self._short_flag(tool, start + len(tool.flag), end)
        setting = _SETTING.match(text, start, end)
        if setting is not None and setting["value"] is not None:
            named = _value_of(text, setting, end)
            return [] if named is None else _secret(text, named[1], end, named[0])
        if is_flag:
            is_whole = setting is not None and setting.end() == end
            self._next_is = setting["name"] if setting and is_whole and says_secret(setting["name"]) else None
        else:
            self._take_program(start, end)
        return []

    def _short_flag(self, tool: _Tool, behind: int, end: int) -> list[Span]:
        self._next_is = tool.means if behind == end and tool.is_next else None
        return _secret(self._text, behind, end, tool.means) if behind < end else []

    def _take_program(self, start: int, end: int) -> None:
        found = _TOOLS.get(self._text[max(start, end - _LONGEST_PATH) : end].rpartition("/")[2])
        if found is not None:
            self._tool, self._takes_flag = found, not found.needs
        elif self._tool is not None and self._text[start:end] == self._tool.needs:
            self._takes_flag = True


def _value_of(text: str, setting: re.Match[str], end: int) -> tuple[str, int] | None:
    """The name of a secret setting and where its value starts; a value may itself be `name=value`."""
    found: re.Match[str] | None = setting
    for _ in range(_MOST_SETTINGS):
        if found is None or found["value"] is None:
            return None
        if says_secret(found["name"]):
            return found["name"], found.end()
        found = _SETTING.match(text, found.end(), end)
    return None


def _secret(text: str, start: int, end: int, name: str) -> list[Span]:
    """The value of a name without its quotes, or nothing where it is evidence."""
    quote = _QUOTES.match(text, start, end)
    if quote and quote[0]:
        start = quote.end()
        end -= len(quote[0]) if text.endswith(quote[0], start, end) else 0
    if name == _USER:
        colon = text.find(":", start, end)
        start = colon + 1 if colon >= 0 else end
    return [] if start >= end or is_evidence(text[start:end], name) else [(start, end)]
