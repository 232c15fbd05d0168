"""What no repr shows: a renamed field must not begin to appear."""

from importlib import import_module
from pkgutil import walk_packages

import msgspec

import eks_log_forwarder
from eks_log_forwarder.config.hidden_fields import HiddenFields


class Door(HiddenFields, msgspec.Struct, frozen=True):
    """Shows where it is, and not how it opens."""

    hidden = ("key",)

    place: str
    key: str


class Safe(HiddenFields, msgspec.Struct, frozen=True):
    """Shows nothing."""

    owner: str
    combination: int


def every_kind(kind: type[HiddenFields]) -> list[type[HiddenFields]]:
    """The classes below one, at any depth."""
    return [below for child in kind.__subclasses__() for below in (child, *every_kind(child))]


def test_a_repr_leaves_out_the_hidden_fields() -> None:
    """The others appear by name."""
    assert repr(Door("cellar", "k3y")) == "Door(place='cellar')"


def test_a_repr_without_a_choice_shows_no_field() -> None:
    """A field that is added later is hidden too."""
    assert repr(Safe("Ada", 4711)) == "Safe()"


def test_every_hidden_field_exists_and_stays_hidden_in_subclasses() -> None:
    """In all modules of the package."""
    for module in walk_packages(eks_log_forwarder.__path__, "eks_log_forwarder."):
        import_module(module.name)
    kinds = [kind for kind in every_kind(HiddenFields) if kind.__module__.startswith("eks_log_forwarder.")]
    assert len(kinds) > 20  # the options alone are eight
    for kind in kinds:
        assert set(kind.hidden or ()) <= set(kind.__struct_fields__), kind
        for parent in kind.__bases__:
            if issubclass(parent, HiddenFields) and parent is not HiddenFields:
                assert set(parent.hidden or ()) <= set(kind.hidden or ()), kind
