"""Counts the characters that a regular expression looks at, which `re` does not tell.

`CountingPattern` gives the results of `re`, and walks the same parse tree step by step for the count. So
tests find a pattern that backtracks, or that reads the rest of the text from each start, without a clock.
"""

import re
from collections.abc import Callable, Iterator
from re import _compiler, _parser  # type: ignore[attr-defined]  # the parse tree has no public name
from typing import Any

type Groups = dict[int, str]
type Ends = Iterator[tuple[int, Groups]]
type Step = Callable[[str, int, int, Groups], Ends]

_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_CHARACTERS = {"LITERAL", "NOT_LITERAL", "IN", "ANY"}


class Steps:
    """Characters seen so far."""

    def __init__(self) -> None:
        self.count = 0


class CountingPattern:
    """A compiled pattern that adds what its searches look at to `steps`."""

    def __init__(self, pattern: re.Pattern[str], steps: Steps) -> None:
        self._pattern = pattern
        self._steps = steps
        tree = _parser.parse(pattern.pattern, pattern.flags)
        self._walk = _Builder(tree.state, pattern.flags, steps).sequence(list(tree))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # pattern, flags, groupindex
        return getattr(self._pattern, name)

    def match(self, text: str, pos: int = 0, endpos: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.match`."""
        self._look(text, pos, endpos)
        return self._pattern.match(text, pos, len(text) if endpos is None else endpos)

    def fullmatch(self, text: str, pos: int = 0, endpos: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.fullmatch`; the count stops at the first match, which may be shorter."""
        self._look(text, pos, endpos)
        return self._pattern.fullmatch(text, pos, len(text) if endpos is None else endpos)

    def search(self, text: str, pos: int = 0, endpos: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.search`: each start up to the match is tried."""
        end = len(text) if endpos is None else endpos
        found = self._pattern.search(text, pos, end)
        for start in range(pos, found.start() + 1 if found else end + 1):
            self._look(text, start, end)
        return found

    def finditer(self, text: str, pos: int = 0, endpos: int | None = None) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        end = len(text) if endpos is None else endpos
        tried = pos
        for found in self._pattern.finditer(text, pos, end):
            for start in range(tried, found.start() + 1):
                self._look(text, start, end)
            tried = max(found.end(), tried)
            yield found
        for start in range(tried, end + 1):
            self._look(text, start, end)

    def findall(self, text: str) -> list[Any]:
        """As `re.Pattern.findall`."""
        for _ in self.finditer(text):
            pass
        return self._pattern.findall(text)

    def sub(self, new: Any, text: str, count: int = 0) -> str:  # noqa: ANN401  # text or function
        """As `re.Pattern.sub`."""
        for _ in self.finditer(text):
            pass
        return self._pattern.sub(new, text, count)

    def split(self, text: str, maxsplit: int = 0) -> list[Any]:
        """As `re.Pattern.split`."""
        for _ in self.finditer(text):
            pass
        return self._pattern.split(text, maxsplit)

    def _look(self, text: str, pos: int, endpos: int | None) -> None:
        end = len(text) if endpos is None else min(endpos, len(text))
        self._steps.count += 1
        next(self._walk(text, pos, end, {}), None)


class _Builder:
    """Turns a parse tree into functions that yield each end a match may have, in the engine's order."""

    def __init__(self, state: Any, flags: int, steps: Steps) -> None:  # noqa: ANN401  # the parser's own
        self._state = state
        self._flags = flags
        self._steps = steps

    def sequence(self, items: list[Any]) -> Step:
        steps: list[Step] = []
        plain: list[Any] = []
        for item in items:
            if str(item[0]) in _CHARACTERS | {"AT"}:
                plain.append(item)
                continue
            if plain:
                steps.append(self._native(plain))
                plain = []
            steps.append(self._item(item))
        if plain:
            steps.append(self._native(plain))
        return _in_turn(steps)

    def _item(self, item: Any) -> Step:  # noqa: ANN401
        name, argument = str(item[0]), item[1]
        if name in _REPEATS:
            return self._repeat(name, *argument)
        if name in {"ASSERT", "ASSERT_NOT"} and argument[0] > 0:
            return _ahead(self.sequence(list(argument[1])), wanted=name == "ASSERT")
        match name:
            case "SUBPATTERN":
                group, added, _, inner = argument
                builder = _Builder(self._state, self._flags | added, self._steps)
                step = _grouped(group, builder.sequence(list(inner)))
            case "BRANCH":
                step = _either([self.sequence(list(branch)) for branch in argument[1]])
            case "ATOMIC_GROUP":
                step = _first(self.sequence(list(argument)))
            case "GROUPREF":
                step = self._back_reference(argument)
            case _:
                step = self._native([item])  # looking behind has a fixed width
        return step

    def _native(self, items: list[Any]) -> Step:
        match = self._compiled(items).match
        steps = self._steps

        def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
            found = match(text, pos, end)
            steps.count += len(found[0]) if found else 1
            if found:
                yield found.end(), groups

        return walk

    def _compiled(self, items: list[Any]) -> re.Pattern[str]:
        compiled: re.Pattern[str] = _compiler.compile(_parser.SubPattern(self._state, items), self._flags)
        return compiled

    def _back_reference(self, group: int) -> Step:
        def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
            wanted = groups.get(group)
            if wanted is not None and text.startswith(wanted, pos, end):
                self._steps.count += len(wanted)
                yield pos + len(wanted), groups

        return walk

    def _repeat(self, name: str, least: int, most: int, inner: Any) -> Step:  # noqa: ANN401
        if len(inner) == 1 and str(inner[0][0]) in _CHARACTERS:
            greedy = self._compiled([(_parser.MAX_REPEAT, (0, most, inner))]).match
            return _of_characters(name, least, greedy, self._steps)
        one = self.sequence(list(inner))
        return (
            _possessive(one, least, most) if name == "POSSESSIVE_REPEAT" else _backtracking(one, least, most)
        )


def _of_characters(name: str, least: int, greedy: Callable[..., Any], steps: Steps) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        longest = greedy(text, pos, end).end()
        if name != "MIN_REPEAT":
            steps.count += longest - pos + 1
        if longest < pos + least:
            return
        if name == "POSSESSIVE_REPEAT":
            yield longest, groups
            return
        ends = range(pos + least, longest + 1)
        for stop in ends if name == "MIN_REPEAT" else reversed(ends):
            steps.count += 1
            yield stop, groups

    return walk


def _possessive(one: Step, least: int, most: int) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        times = 0
        while times < most:
            found = next(one(text, pos, end, groups), None)
            if found is None or (found[0] == pos and times >= least):
                break
            pos, groups = found
            times += 1
        if times >= least:
            yield pos, groups

    return walk


def _backtracking(one: Step, least: int, most: int) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups, times: int = 0) -> Ends:
        if times < most:
            for stop, found in one(text, pos, end, groups):
                if stop > pos or times < least:
                    yield from walk(text, stop, end, found, times + 1)
        if times >= least:
            yield pos, groups

    return walk


def _in_turn(steps: list[Step], at: int = 0) -> Step:
    if at == len(steps):
        return lambda _text, pos, _end, groups: iter([(pos, groups)])
    first, rest = steps[at], _in_turn(steps, at + 1)

    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        for stop, found in first(text, pos, end, groups):
            yield from rest(text, stop, end, found)

    return walk


def _either(branches: list[Step]) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        for branch in branches:
            yield from branch(text, pos, end, groups)

    return walk


def _grouped(group: int | None, inner: Step) -> Step:
    if group is None:
        return inner

    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        for stop, found in inner(text, pos, end, groups):
            # Only short ones are ever referred to; a long copy would only cost memory.
            yield stop, found | {group: text[pos:stop]} if stop - pos < 2048 else found

    return walk


def _first(inner: Step) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        found = next(inner(text, pos, end, groups), None)
        if found:
            yield found

    return walk


def _ahead(inner: Step, *, wanted: bool) -> Step:
    def walk(text: str, pos: int, end: int, groups: Groups) -> Ends:
        if (next(inner(text, pos, end, groups), None) is not None) is wanted:
            yield pos, groups

    return walk
