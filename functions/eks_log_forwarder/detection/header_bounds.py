"""What an audit event's header alone says about a rule: it cannot match, or it does match.

Each part of a tree gets two functions of the header. `surely` is true only if the part holds; `maybe` is
false only if the part does not hold. Negation swaps them, so both stay correct under any condition.
"""

from collections.abc import Callable, Container, Sequence

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldTest, HeaderValues, Node, Not
from eks_log_forwarder.detection.remembering import Memory

_MOST_VALUES = 256  # for each test of each rule

type HeaderTest = Callable[[AuditHeader], bool]


def _always(_: AuditHeader) -> bool:
    return True


def _never(_: AuditHeader) -> bool:
    return False


class Bounds(msgspec.Struct, frozen=True):
    """`surely` implies the rule, and the rule implies `maybe`."""

    surely: HeaderTest
    maybe: HeaderTest

    @property
    def exact(self) -> bool:
        """The header decides, so the event need not be decoded."""
        return self.surely is self.maybe

    @property
    def says_nothing(self) -> bool:
        """The header never excludes the rule."""
        return self.maybe is _always


_UNKNOWN = Bounds(_never, _always)


def header_bounds(node: Node, only: Container[str] | None = None) -> Bounds:
    """The bounds of a tree, from all header fields or from `only` some of them."""
    match node:
        case All(parts):
            return _joined([header_bounds(part, only) for part in parts], _all_of)
        case AnyOf(parts):
            return _joined([header_bounds(part, only) for part in parts], _any_of)
        case Not(part):
            return _negated(header_bounds(part, only))
        case FieldTest(field) if only is None or field.name in only:
            return _of_field(node)
        case _:
            return _UNKNOWN


def _of_field(test: FieldTest) -> Bounds:
    get = test.field.from_header
    if get is None:
        return _UNKNOWN
    holds = test.holds
    # The same few users, verbs and codes recur in most events.
    remembered: Memory[HeaderValues, bool] = Memory(_MOST_VALUES)
    readings = {holds(values) for values in test.field.when_header_is_empty}

    def bound(*, when_empty: bool) -> HeaderTest:
        def says(header: AuditHeader) -> bool:
            values = get(header)
            if values is None:
                return when_empty
            known = remembered.get(values)
            if known is None:
                known = holds(values)
                remembered.keep(values, _characters(values), known)
            return known

        return says

    maybe = bound(when_empty=True in readings)
    return Bounds(bound(when_empty=False) if len(readings) == 2 else maybe, maybe)  # noqa: PLR2004  # True and False


def _characters(values: HeaderValues) -> int:
    """The size of a key, where each value counts at least one character."""
    return sum(len(value) + 1 if isinstance(value, str) else 1 for value in values)


def _joined(parts: Sequence[Bounds], join: Callable[[Sequence[HeaderTest]], HeaderTest]) -> Bounds:
    maybe = join([part.maybe for part in parts])
    if all(part.exact for part in parts):
        return Bounds(maybe, maybe)
    return Bounds(join([part.surely for part in parts]), maybe)


def _negated(part: Bounds) -> Bounds:
    maybe = _not(part.surely)
    return Bounds(maybe if part.exact else _not(part.maybe), maybe)


def _not(test: HeaderTest) -> HeaderTest:
    if test is _never:
        return _always
    if test is _always:
        return _never
    return lambda header: not test(header)


def _all_of(tests: Sequence[HeaderTest]) -> HeaderTest:
    if _never in tests:
        return _never
    return _chained([test for test in tests if test is not _always], _and, _always)


def _any_of(tests: Sequence[HeaderTest]) -> HeaderTest:
    if _always in tests:
        return _always
    return _chained([test for test in tests if test is not _never], _or, _never)


def _and(first: HeaderTest, rest: HeaderTest) -> HeaderTest:
    return lambda header: first(header) and rest(header)


def _or(first: HeaderTest, rest: HeaderTest) -> HeaderTest:
    return lambda header: first(header) or rest(header)


def _chained(
    tests: Sequence[HeaderTest], join: Callable[[HeaderTest, HeaderTest], HeaderTest], of_none: HeaderTest
) -> HeaderTest:
    """The tests in order, as a tree of pairs. If the first decides, it takes a third of the time of all()."""
    if not tests:
        return of_none
    if len(tests) == 1:
        return tests[0]
    half = (len(tests) + 1) // 2
    return join(_chained(tests[:half], join, of_none), _chained(tests[half:], join, of_none))
