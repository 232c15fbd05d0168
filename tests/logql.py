"""The names of labels and of structured metadata in a LogQL query.

Source: Grafana Loki, "LogQL". It reads what our dashboard uses, and raises for anything else rather than
overlook a name: parsers such as `json` would make names that nobody sends.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r'\s*(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|\s*(?P<range>\[[^\]]*\])|\s*(?P<name>[A-Za-z_]\w*)'
    r"|\s*(?P<number>\d[\w.]*)|\s*(?P<sign>=~|!~|!=|\|=|\|~|==|>=|<=|[=|{}(),<>*/+-])"
)
_FUNCTIONS = frozenset(
    {"sum", "max", "min", "topk", "count_over_time", "rate", "max_over_time", "by", "without"}
)
_COMPARISONS = frozenset({"=", "!=", "=~", "!~", "==", ">", "<", ">=", "<="})
_LINE_FILTERS = frozenset({"|=", "!=", "|~", "!~"})
_GROUPINGS = frozenset({"by", "without"})
_TEMPLATE_FUNCTIONS = frozenset({"__line__", "__timestamp__", "unixEpoch"})
_ACTION = re.compile(r"\{\{(.*?)\}\}")
_WORD = re.compile(r"(?<![\w.])(\.?)([A-Za-z_]\w*)")


class UnsupportedError(Exception):
    """Something in the query that this module does not read."""


def names_in(query: str) -> set[str]:
    """The names that a query takes from its lines: not those that it makes itself.

    Raises:
        UnsupportedError: the query has a stage or a function that is not read here.
    """
    return _Query(query).names()


class _Query:
    def __init__(self, query: str) -> None:
        self._tokens = list(_tokens(query))
        self._used: set[str] = set()
        self._made: set[str] = set()

    def names(self) -> set[str]:
        while self._tokens:
            kind, token = self._next()
            if token == "{":
                self._comparisons("}")
            elif token == "|":
                self._stage()
            elif token in _LINE_FILTERS and self._kind() == "text":
                self._next()
            elif token in _GROUPINGS:
                self._expect("(")
                self._listed(")")
            elif kind == "name" and token not in _FUNCTIONS:
                raise UnsupportedError(token)
        return self._used

    def _stage(self) -> None:
        name = self._name()
        if name == "line_format":
            self._template()
        elif name == "label_format":
            made = self._name()
            self._expect("=")
            self._template()
            self._made.add(made)
        elif name == "unwrap":
            self._use(self._name())
        elif self._peek() in _COMPARISONS:
            self._compare(name)
        else:
            raise UnsupportedError(name)

    def _comparisons(self, end: str) -> None:
        while True:
            self._compare(self._name())
            if self._next()[1] == end:
                return

    def _compare(self, name: str) -> None:
        _, sign = self._next()
        kind, value = self._next()
        if sign not in _COMPARISONS or kind not in {"text", "number"}:
            raise UnsupportedError(value)
        self._use(name)

    def _listed(self, end: str) -> None:
        while True:
            self._use(self._name())
            if self._next()[1] == end:
                return

    def _template(self) -> None:
        kind, text = self._next()
        if kind != "text":
            raise UnsupportedError(text)
        for action in _ACTION.findall(text):
            for dot, word in _WORD.findall(action):
                if dot:
                    self._use(word)
                elif word not in _TEMPLATE_FUNCTIONS:
                    raise UnsupportedError(word)

    def _use(self, name: str) -> None:
        if name not in self._made:
            self._used.add(name)

    def _kind(self) -> str:
        return self._tokens[0][0] if self._tokens else ""

    def _peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            msg = "the query ends too early"
            raise UnsupportedError(msg)
        return self._tokens.pop(0)

    def _name(self) -> str:
        kind, name = self._next()
        if kind != "name":
            raise UnsupportedError(name)
        return name

    def _expect(self, sign: str) -> None:
        _, token = self._next()
        if token != sign:
            raise UnsupportedError(token)


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(query.rstrip()):
        found = _TOKEN.match(query, position)
        if found is None:
            raise UnsupportedError(query[position : position + 20])
        position = found.end()
        yield str(found.lastgroup), found[str(found.lastgroup)]
