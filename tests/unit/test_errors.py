"""The errors as a tree, which the module opens with."""

import inspect
import re
from pathlib import Path

import pytest

from eks_log_forwarder import errors


def test_the_tree_names_every_error() -> None:
    """And no other; a list that is kept by hand grows old."""
    classes = [
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.ForwarderError)
    ]
    assert set(re.findall(r"\w+Error", errors.__doc__ or "")) == set(classes)


def raising(error: Exception) -> None:
    """Raises the error, as a handler would."""
    raise error


def test_a_bug_shows_its_class_and_place_and_never_its_text() -> None:
    """Lambda logs what a handler raises, and `KeyError` would repeat a key of the payload."""
    with pytest.raises(errors.UnexpectedError) as caught:
        errors.without_stack_trace(raising)(KeyError("s3cr3t"))
    assert re.fullmatch(r"KeyError at errors\.py:\d+", str(caught.value))
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_an_error_of_the_package_keeps_its_text() -> None:
    """With one line of stack trace."""
    with pytest.raises(errors.TallyError, match=r"^received 2") as caught:
        errors.without_stack_trace(raising)(errors.TallyError("received 2"))
    places = [frame.name for frame in caught.traceback if Path(frame.path).name == "errors.py"]
    assert places == ["short"]
    assert errors.describe(caught.value) == "received 2"
