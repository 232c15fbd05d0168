"""One invocation of the forward handler in a new process; the event is JSON on standard input."""

import json
import sys

from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext

if __name__ == "__main__":
    handler(json.load(sys.stdin), LambdaContext())
