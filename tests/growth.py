"""Tells linear work from more, without a clock: counts what a call does for texts of growing size.

Use:

    with growth.instrumented() as load:
        redact = load("eks_log_forwarder.redaction").redact
        growth.assert_linear(lambda size: "[" * size, redact)

It counts the steps of the package's Python code (lines, jumps, calls), the characters that its regular
expressions look at (tests/regex_steps.py) and that methods of the text, its slices and its encoded form read,
and the peak of the memory that the call allocates. It does not count what msgspec and other C code do inside.
"""

import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from tests.regex_steps import CountingPattern, Steps

PACKAGE = "eks_log_forwarder"
SIZES = (1000, 2000, 4000)
# Linear work adds twice as much from 2n to 4n as from n to 2n; quadratic work adds four times as much.
MOST_GROWTH = 2.6
SLACK = 600  # steps, and characters: a loop that starts or ends once
SLACK_BYTES = 60_000

_steps = Steps()
_TOOL = 4  # of the six that sys.monitoring has; 0 to 3 and 5 have names
_EVENTS = sys.monitoring.events
_COUNTED = _EVENTS.LINE | _EVENTS.JUMP | _EVENTS.BRANCH | _EVENTS.CALL | _EVENTS.PY_START


class Cost(NamedTuple):
    """What one call did."""

    steps: int
    """Lines, jumps, branches and calls of the package's Python code."""
    characters: int
    """Characters looked at by regular expressions and methods of the text."""
    peak_bytes: int
    """Most memory allocated at a time, beyond what there was before."""


@contextmanager
def instrumented() -> Iterator[Callable[[str], ModuleType]]:
    """Imports the package once more, with patterns that count; gives the function that imports a module.

    The other tests' modules come back afterwards. Classes of the two imports are different ones.
    """
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}
    compile_ = re.compile

    def counting(pattern: Any, flags: int = 0) -> Any:  # noqa: ANN401  # text, bytes or a pattern
        compiled = compile_(pattern, flags)
        is_ours = _is_ours(sys._getframe(1).f_globals["__name__"])  # noqa: SLF001  # who compiles it
        return (
            CountingPattern(compiled, _steps) if is_ours and isinstance(compiled.pattern, str) else compiled
        )

    re.compile = counting
    try:
        yield import_module
    finally:
        re.compile = compile_
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def measure(call: Callable[[Any], object], text: str, *, counted_text: bool = True) -> Cost:
    """What a call with the text costs; without counted_text the call gets a plain string (for C code)."""
    steps = 0

    def count(code: CodeType, *_: object) -> object:
        nonlocal steps
        if PACKAGE not in code.co_filename:
            return sys.monitoring.DISABLE
        steps += 1
        return None

    argument = CountedText(text) if counted_text else text
    _steps.count = 0
    tracemalloc.start()
    sys.monitoring.use_tool_id(_TOOL, "growth")
    try:
        for event in (_EVENTS.LINE, _EVENTS.JUMP, _EVENTS.BRANCH, _EVENTS.CALL, _EVENTS.PY_START):
            sys.monitoring.register_callback(_TOOL, event, count)
        before = tracemalloc.get_traced_memory()[0]
        sys.monitoring.set_events(_TOOL, _COUNTED)
        call(argument)
        sys.monitoring.set_events(_TOOL, 0)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)
        tracemalloc.stop()
    return Cost(steps, _steps.count, peak)


def assert_linear(
    make: Callable[[int], str],
    call: Callable[[Any], object],
    *,
    sizes: tuple[int, int, int] = SIZES,
    counted_text: bool = True,
) -> None:
    """Fails where a call does more than linear work for texts of the sizes (each twice the one before)."""
    call(make(sizes[0]))  # fills caches
    small, middle, large = (measure(call, make(size), counted_text=counted_text) for size in sizes)
    for name, first, second, third in zip(Cost._fields, small, middle, large, strict=True):
        slack = SLACK_BYTES if name == "peak_bytes" else SLACK
        most = MOST_GROWTH * max(second - first, 0) + slack
        assert third - second <= most, f"{name}: {first}, {second}, {third} at sizes {sizes}"


def _is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def _counting(base: type, name: str) -> Callable[..., Any]:
    """A method of text or bytes that adds how much it goes through."""
    method = getattr(base, name)

    def counted(self: Any, *arguments: Any) -> Any:  # noqa: ANN401  # as the method
        result = method(self, *arguments)
        start = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], int) else 0
        stop = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else len(self)
        _steps.count += _gone_through(name, result, start, min(stop, len(self)), arguments)
        return _as_counted(result)

    return counted


def _as_counted(result: Any) -> Any:  # noqa: ANN401  # text, bytes, or several in a list or tuple
    if isinstance(result, list | tuple):
        return type(result)(map(_as_counted, result))
    as_counted = _COUNTED_TYPES.get(type(result))
    return result if as_counted is None else as_counted(result)


def _gone_through(name: str, result: Any, start: int, stop: int, arguments: tuple[Any, ...]) -> int:  # noqa: ANN401
    match name:
        case "__getitem__":
            return len(result) if isinstance(result, str | bytes) else 1
        case "startswith" | "endswith":
            return 1
        case "__eq__" | "__ne__" | "__hash__":
            return (
                min(stop, len(arguments[0])) if arguments and isinstance(arguments[0], str | bytes) else stop
            )
        case "find" | "index" if result >= 0:
            return int(result) - start + 1
        case "rfind" | "rindex" if result >= 0:
            return stop - int(result)
    return max(stop - start, 1)


_METHODS = [
    *(
        "__contains__",
        "__eq__",
        "__ne__",
        "__hash__",
        "__getitem__",
        "startswith",
        "endswith",
        "find",
        "index",
    ),
    *(
        "rfind",
        "rindex",
        "count",
        "lower",
        "upper",
        "casefold",
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
    ),
    *("splitlines", "partition", "rpartition", "replace", "translate", "removeprefix", "removesuffix"),
    *("encode", "decode"),
]


def _counted_type(base: type) -> type:
    methods = {name: _counting(base, name) for name in _METHODS if hasattr(base, name)}
    return type(f"Counted{base.__name__}", (base,), methods)


CountedText = _counted_type(str)
_COUNTED_TYPES: dict[type, type] = {str: CountedText, bytes: _counted_type(bytes)}
