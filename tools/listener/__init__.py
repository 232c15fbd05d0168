"""A local log listener for development: XPLG's endpoint and a plain JSON one, on this machine alone.

`python -m tools.listener` runs it in a terminal; tests open one with `running_listener()`.
"""

from tools.listener.protocols import DEVELOPMENT_TOKEN
from tools.listener.server import Listener, ReceivedRequest, running_listener

__all__ = ["DEVELOPMENT_TOKEN", "Listener", "ReceivedRequest", "running_listener"]
