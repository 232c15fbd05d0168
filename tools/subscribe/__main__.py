"""`make subscribe CLUSTER=name`: sends another cluster's logs through a deployed forwarder.

Exit status: 0 if the cluster is subscribed, 1 if it cannot be, 2 if AWS could not be asked.
"""

import argparse
import sys

from tools.aws_clients import client_factory, told_errors
from tools.aws_reading import Reader
from tools.errors import ToolError
from tools.log_groups import cluster_log_group
from tools.stack import StackError, add_stack_options, named_stack, read_stack
from tools.stopping import run
from tools.subscribe.silence_alarm import put_silence_alarm
from tools.subscribe.subscription import SubscriptionError, Wish, subscribe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make subscribe", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("cluster", nargs="?", help="the cluster's name")
    what.add_argument("--log-group", help="another log group, such as one of EKS Auto Mode")
    parser.add_argument(
        "--filter-pattern", help="forward only lines that match it (default: the stack's pattern; '' for all)"
    )
    parser.add_argument(
        "--silence-minutes", type=int, default=15, help="alarm after so long without an audit event; 0: none"
    )
    add_stack_options(parser)
    return parser


def _run(options: argparse.Namespace) -> None:
    client = client_factory(options.region, options.profile)
    stack = read_stack(Reader(client), named_stack(options))
    log_group = options.log_group or cluster_log_group(options.cluster)
    for sentence in subscribe(client, stack, Wish(log_group, options.filter_pattern)):
        print(sentence)
    if log_group == stack.subscribed_log_group or not options.cluster:
        return  # the template has the alarm of its own cluster
    if options.silence_minutes and stack.alarm_topic_arn:
        alarm = put_silence_alarm(client, stack, options.cluster, options.silence_minutes)
        print(
            f"The alarm {alarm} reports {options.silence_minutes} minutes without an audit event. It goes off"
            " at once and ends with the first audit event."
        )


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with told_errors():
            _run(options)
    except (SubscriptionError, StackError, ToolError) as error:
        print(f"subscribe: {error}", file=sys.stderr)
        return 2 if isinstance(error, ToolError) else 1
    return 0


if __name__ == "__main__":
    run(main)
