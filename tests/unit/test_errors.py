"""The errors as a tree, which the module opens with."""

import inspect
import re

from eks_log_forwarder import errors


def test_the_tree_names_every_error() -> None:
    """And no other; a list that is kept by hand grows old."""
    classes = [
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.ForwarderError)
    ]
    assert set(re.findall(r"\w+Error", errors.__doc__ or "")) == set(classes)
