"""`make subscribe CLUSTER=name [LOG_GROUP=name LOG_TYPE=type]`: sends more logs through a deployed forwarder.

The control-plane logs of another cluster, or logs of Auto Mode or Capabilities; `make clusters` lists both.

Exit status: 0 if the cluster is subscribed, 1 if it cannot be, 2 if AWS could not be asked.
"""

import argparse
import sys

from eks_log_forwarder.intake.filter_name import CLUSTER_NAME, MIXED, filter_name
from eks_log_forwarder.intake.log_stream import cluster_of
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES
from tools.aws_clients import client_factory
from tools.aws_reading import Reader
from tools.command_line import command_line
from tools.log_groups import cluster_log_group
from tools.stack import add_stack_options, named_stack, read_stack
from tools.subscribe.silence_alarm import put_silence_alarm
from tools.subscribe.subscription import Wish, subscribe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make subscribe", description=__doc__)
    parser.add_argument("cluster", nargs="?", help="the cluster's name; if a log group has several, none")
    parser.add_argument(
        "--log-group", help="a log group of EKS Auto Mode or Capabilities (default: the control-plane logs)"
    )
    parser.add_argument(
        "--log-type",
        choices=[MIXED, *sorted(set(VENDED_LOG_TYPES.values()))],
        help=f"the type of its lines (default: {MIXED}, the names of streams or group say it)",
    )
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
    cluster = cluster_of(log_group)
    name = ""
    if options.cluster and cluster is None:
        name = filter_name(stack.name, options.cluster, options.log_type or MIXED)
    for sentence in subscribe(client, stack, Wish(log_group, options.filter_pattern, name)):
        print(sentence)
    if log_group == stack.subscribed_log_group or cluster is None:
        return  # the template has the alarm of its own cluster; the other log groups have no audit events
    if options.silence_minutes and stack.alarm_topic_arn:
        alarm = put_silence_alarm(client, stack, cluster, options.silence_minutes)
        print(
            f"The alarm {alarm} reports {options.silence_minutes} minutes without an audit event. It goes off"
            " at once and ends with the first audit event."
        )


@command_line("subscribe")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.cluster and not options.log_group:
        parser.error("name a cluster, or a log group")
    if options.cluster and not CLUSTER_NAME.fullmatch(options.cluster):
        parser.error("this is not the name of a cluster: letters, digits, hyphens and underscores")
    if options.log_type and not (options.cluster and options.log_group):
        parser.error("--log-type needs a cluster and --log-group")
    named = cluster_of(options.log_group or "")
    if named is not None and (options.log_type or options.cluster not in {named, None}):
        parser.error(
            f"the log group has the control-plane logs of {named}: name neither a type nor another cluster"
        )
    _run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
