"""A local log listener for development: the endpoints of XPLG and of the other collectors, on this machine.

`python -m tools.listener` runs it in a terminal; tests use `running_listener()`.
"""

from tools.listener.protocols import DEVELOPMENT_TOKEN, Collectors
from tools.listener.server import Listener, running_listener

__all__ = ["DEVELOPMENT_TOKEN", "Collectors", "Listener", "running_listener"]
