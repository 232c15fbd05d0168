"""The reader of JSON texts: strings at any depth of escaping, whole or cut."""

import json

import pytest

from eks_log_forwarder.redaction.json_tree import Items, quote_depth, read_tree, string_end


@pytest.mark.parametrize(
    ("backslashes", "depth"),
    [(0, 0), (1, 1), (2, None), (3, 2), (4, None), (5, None), (7, 3), (1023, 10), (2047, None)],
)
def test_tells_the_depth_of_an_opening_quote(backslashes: int, depth: int | None) -> None:
    """One less than a power of two is a depth; anything else cannot open a string."""
    assert quote_depth(backslashes) == depth


@pytest.mark.parametrize("value", ["", "a", 'a"b', "a\\", '\\"', "\\\\\"\\'", "\n\t", '{"a":"\\""}'])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_finds_the_end_of_a_string(value: str, depth: int) -> None:
    """It distinguishes the closing quote from those inside, however often the text was escaped."""
    text = json.dumps([value, "next"])
    for _ in range(depth):
        text = json.dumps(text)
    quote = "\\" * (2**depth - 1) + '"'
    start = text.index("[") + 1 + len(quote)
    end = string_end(text, start, len(text), depth)
    inner = text[start:end]
    for _ in range(depth + 1):
        inner = json.loads(f'"{inner}"')
    assert (inner, text.startswith(f"{quote}, {quote}next{quote}]", end)) == (value, True)


def test_reads_keys_strings_and_nesting() -> None:
    """Each string value has its container, key and place; each container has its name and parent."""
    text = '{"a": "x", "b": [1, "y", {"c": null, "d": "z"}], "a": "w"} trailing "text"'
    tree = read_tree(text, 0, len(text), 0)
    assert [(leaf.key, text[leaf.start : leaf.end]) for leaf in tree.leaves] == [
        ("a", "x"),
        (None, "y"),
        ("d", "z"),
        ("a", "w"),
    ]
    assert [(item.name, item.is_array, item.closed) for item in tree.containers] == [
        (None, False, True),
        ("b", True, True),
        (None, False, True),
    ]
    assert tree.containers[2].entry is tree.containers[1]
    assert text[tree.stop :] == ' trailing "text"'


@pytest.mark.parametrize(
    ("text", "leaves", "closed"),
    [
        ('{"a":"x","b":"y', ["x", "y"], False),
        ('{"a":"x","b', ["x"], False),
        ('{"a":"x\\', ["x\\"], False),
        ('{"a":["x"', ["x"], False),
        ("", [], None),
        ("]}", [], None),
    ],
)
def test_reads_a_cut_text_up_to_the_cut(text: str, leaves: list[str], closed: bool | None) -> None:  # noqa: FBT001  # a table's column
    """What is open at the cut stays open, and a value that was cut is a value."""
    tree = read_tree(text, 0, len(text), 0)
    assert [text[leaf.start : leaf.end] for leaf in tree.leaves] == leaves
    assert (tree.containers[0].closed if tree.containers else None) is closed


def test_stops_where_the_enclosing_string_ends() -> None:
    """A quote of a lower depth ends the text inside a string, even within a value."""
    text = '{\\"a\\":\\"x","b":"y"}'
    tree = read_tree(text, 0, len(text), 1)
    assert [text[leaf.start : leaf.end] for leaf in tree.leaves] == ["x"]
    assert text[tree.stop - 1 :] == '","b":"y"}'


@pytest.mark.parametrize(("nesting", "is_too_large"), [(200, False), (201, True)])
def test_reads_200_levels(nesting: int, is_too_large: bool) -> None:  # noqa: FBT001  # a table's column
    """One level more, and the reader stops."""
    text = "[" * nesting + "1" + "]" * nesting
    tree = read_tree(text, 0, len(text), 0)
    assert (len(tree.containers), tree.is_too_large) == (nesting, is_too_large)


def test_reads_no_more_items_than_it_may() -> None:
    """Three more than none: a list, an object and a key; the value is one too many."""
    items = Items(0)
    items.left = 3
    text = '[{"a":"b"}]'
    tree = read_tree(text, 0, len(text), 0, items)
    assert (len(tree.containers), tree.is_too_large, text[tree.stop :]) == (2, True, "}]")
