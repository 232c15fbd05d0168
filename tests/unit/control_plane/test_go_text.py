"""Go's quoted strings and key="value" pairs."""

import pytest

from eks_log_forwarder.control_plane.go_text import pairs, unquote
from tests.cost import cpu_seconds_of


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("plain é", "plain é"),
        (r"say \"hi\" \\ it\'s", 'say "hi" \\ it\'s'),
        (r"a\tb\nc\rd\ae\bf\fg\v", "a\tb\nc\rd\ae\bf\fg\v"),
        (r"\u00e9\U0001f600", "é😀"),
        (r"\xc3\xa9\303\251", "éé"),
        (r"\xff!\x41", "�!A"),
        (r"\ud800\U00110000", "��"),
        (r"\q\u12\x4", r"\q\u12\x4"),
        (r"\\n", r"\n"),
    ],
)
def test_resolves_the_escapes_of_go(inner: str, expected: str) -> None:
    """Each escape of a Go string becomes its character; what Go does not know stays."""
    assert unquote(inner) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="b c" d=e', {"a": "b c", "d": "e"}),
        (r'a="say \"x=1\"" b=2', {"a": 'say "x=1"', "b": "2"}),
        ('a= b="" c=x', {"a": "", "b": "", "c": "x"}),
        ("a=1 a=2", {"a": "1"}),
        ("stray a=1 words b=2 end", {"a": "1", "b": "2"}),
        ('"quoted a=0" a=1', {"a": "1"}),
        ("ns/name=1 a.b-c=2 =3", {"ns/name": "1", "a.b-c": "2"}),
        ("a=b=c", {"a": "b=c"}),
        (
            "status=&{code:2 reasons:[0/1 nodes: 1 no] err:<nil> plugin:} pod=x",
            {"status": "&{code:2 reasons:[0/1 nodes: 1 no] err:<nil> plugin:}", "pod": "x"},
        ),
        ("m=map[a:1 b:[2 3]] n=1", {"m": "map[a:1 b:[2 3]]", "n": "1"}),
        (r'l=["a ]\"b","c"] n=1', {"l": r'["a ]\"b","c"]', "n": "1"}),
        ("a=x] b={y z c=1 d=[2 3]", {"a": "x]", "b": "{y", "c": "1", "d": "[2"}),
        ('agent="x/1 (y) srcIP="10.0.0.1:2" n=1', {"agent": "x/1 (y)", "srcIP": "10.0.0.1:2", "n": "1"}),
        ('a="b"c d=1', {"a": "b", "d": "1"}),
        ('a="b": c="d", e="f"', {"a": "b", "c": "d", "e": "f"}),
        ('a="ends in key=" b=1', {"a": "ends in key=", "b": "1"}),
        ('a="never closed b=1', {"a": "never closed b=1"}),
        ('a="backslash last \\', {"a": "backslash last \\"}),
        ("a=<\n\tone\n\ttwo\n > b=1", {"a": "one\ntwo", "b": "1"}),
        ("a=<\n\tcut", {"a": "cut"}),
        ("a=<nil> b=1", {"a": "<nil>", "b": "1"}),
        ("a=\ud800", {"a": "�"}),
        ("", {}),
    ],
)
def test_reads_pairs(text: str, expected: dict[str, str]) -> None:
    """Quoted, bare, bracketed and multi-line values are read; a fault does not affect later pairs."""
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "filler",
    ["a", '"', '\\"', "a=[ ", 'a="b ', 'a="b c=', '\\ "', "=", "a=<\n\t", "a=[b] ", ' "', "a={{", "\\x80"],
)
@pytest.mark.parametrize("start", ["", 'a="', "a=[", 'a=["'])
def test_takes_time_linear_in_the_length(start: str, filler: str) -> None:
    """A quarter of a megabyte of whatever text takes well under a second."""
    text = start + filler * (250_000 // len(filler))
    assert cpu_seconds_of(lambda: pairs(text)) < 1
