"""The helper that tells linear work from more."""

import re
from collections.abc import Callable

import pytest

from tests import growth
from tests.regex_steps import CountingPattern, Steps


@pytest.mark.parametrize(
    ("pattern", "text", "characters"),
    [
        ("a*+b", "a" * 10, 13),  # one for the try, eleven for the repeat and its end, one for the b
        ("(?:ab|cd)*+e", "cdab", 9),
        (r"(?P<quote>x)y(?P=quote)", "xyx", 4),
        ("(?<=z)a(?=b)(?!c)", "ab", 2),
    ],
)
def test_counts_the_characters_that_a_pattern_looks_at(pattern: str, text: str, characters: int) -> None:
    """A try costs one, and each character once per look; the result is that of `re`."""
    steps = Steps()
    compiled = re.compile(pattern)
    found = CountingPattern(compiled, steps).match(text)
    expected = compiled.match(text)
    assert (found and found.span(), steps.count) == (expected and expected.span(), characters)


def test_sees_that_a_pattern_backtracks() -> None:
    """Each further character doubles the work."""
    counts = []
    for size in (8, 9, 10):
        steps = Steps()
        CountingPattern(re.compile("(?:a+)+b"), steps).match("a" * size)
        counts.append(steps.count)
    assert counts[1] > 1.9 * counts[0]
    assert counts[2] > 1.9 * counts[1]


def test_finds_what_search_and_finditer_find() -> None:
    """Results are those of `re`, from and to the given places."""
    pattern = CountingPattern(re.compile("a(b|c)"), Steps())
    found = pattern.search("ab ac", 1)
    assert found is not None
    assert found.span() == (3, 5)
    assert [match[1] for match in pattern.finditer("ab ac ab", 0, 6)] == ["b", "c"]
    assert pattern.sub("x", "ab ac") == "x x"


def _compare_with_all_before(text: str) -> object:
    seen: list[bytes] = []
    for line in text.encode().split(b"\n"):
        if line not in seen:
            seen.append(line)
    return seen


def _keep_all_starts(text: str) -> object:
    return [text[:end] for end in range(0, len(text), 8)]


@pytest.mark.parametrize("work", [_compare_with_all_before, _keep_all_starts])
def test_fails_on_quadratic_work(work: Callable[[str], object]) -> None:
    """A list that is searched for each line, and a copy for each place."""
    with pytest.raises(AssertionError, match=r"(characters|peak_bytes): \d+, \d+, \d+ at sizes"):
        growth.assert_linear(lambda size: "".join(f"{n:07}\n" for n in range(size // 8)), work)


def test_accepts_linear_work() -> None:
    """Splitting a text once, and a set of its lines."""
    growth.assert_linear(lambda size: "abcdefg\n" * (size // 8), lambda text: set(text.split("\n")))


def test_loads_the_package_again_with_patterns_that_count() -> None:
    """Afterwards the modules are those from before."""
    import eks_log_forwarder.redaction.credentials as before  # noqa: PLC0415  # the one that comes back

    with growth.instrumented() as load:
        during = load("eks_log_forwarder.redaction.credentials")
        assert isinstance(during._BEARER, CountingPattern)  # noqa: SLF001
    assert load("eks_log_forwarder.redaction.credentials") is before
