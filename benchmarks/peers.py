"""Other forwarders to be measured beside ours, as the command line names them."""

import argparse
from pathlib import Path

from benchmarks.setups import Setup, setups


def peer_setup(text: str) -> Setup:
    """The setup of a peer, from `NAME=path/to/handler.py:function`.

    Raises:
        argparse.ArgumentTypeError: it has another form, the name is taken, or there is no such file.
    """
    name, _, place = text.partition("=")
    path, _, function = place.rpartition(":")
    if not (name and path and function.isidentifier()):
        msg = "expected NAME=path/to/handler.py:function"
        raise argparse.ArgumentTypeError(msg)
    if name in {setup.name for setup in setups()}:
        msg = f"{name} is one of the contenders; choose another name"
        raise argparse.ArgumentTypeError(msg)
    if not Path(path).is_file():
        msg = f"{path} is not a file"
        raise argparse.ArgumentTypeError(msg)
    return Setup(name, f"{Path(path).resolve()}:{function}")


def variable(text: str) -> tuple[str, str]:
    """A variable of the environment, from `NAME=VALUE`.

    Raises:
        argparse.ArgumentTypeError: it has another form.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        msg = "expected NAME=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return name, value
