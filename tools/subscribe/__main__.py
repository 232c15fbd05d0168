"""`make subscribe CLUSTER=name`: sends one more cluster's logs through a forwarder that is deployed.

Exit status: 0 when the cluster is subscribed, 1 when it cannot be, 2 when AWS could not be asked.
"""

import argparse
import sys
from pathlib import Path

from tools.aws_clients import ToolError, add_aws_options, client_factory, told_errors
from tools.aws_reading import Reader
from tools.log_groups import cluster_log_group
from tools.sam_config import stack_name
from tools.stack import StackError, read_stack
from tools.subscribe.silence_alarm import put_silence_alarm
from tools.subscribe.subscription import SubscriptionError, Wish, subscribe

ROOT = Path(__file__).resolve().parents[2]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make subscribe", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("cluster", nargs="?", help="the cluster's name")
    what.add_argument("--log-group", help="another log group, such as one of EKS Auto Mode's deliveries")
    parser.add_argument("--stack", help="the forwarder's stack; else that of samconfig.toml's section")
    parser.add_argument("--config-env", default="default", help="that section")
    parser.add_argument("--filter-pattern", help="only lines that match it pass; else all")
    parser.add_argument(
        "--silence-minutes", type=int, default=15, help="alarm after so long without an audit event; 0: none"
    )
    add_aws_options(parser)
    return parser


def _run(options: argparse.Namespace) -> None:
    client = client_factory(options.region, options.profile)
    name = options.stack or stack_name(ROOT / "samconfig.toml", options.config_env)
    stack = read_stack(Reader(client), name)
    log_group = options.log_group or cluster_log_group(options.cluster)
    for sentence in subscribe(client, stack, Wish(log_group, options.filter_pattern)):
        print(sentence)
    if log_group == stack.subscribed_log_group or not options.cluster:
        return  # the template watches its own cluster
    if options.silence_minutes and stack.alarm_topic_arn:
        alarm = put_silence_alarm(client, stack, options.cluster, options.silence_minutes)
        print(f"The alarm {alarm} tells of {options.silence_minutes} minutes without an audit event.")


def main(arguments: list[str]) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    try:
        with told_errors():
            _run(options)
    except (SubscriptionError, StackError) as error:
        print(f"subscribe: {error}", file=sys.stderr)
        return 1
    except ToolError as error:
        print(f"subscribe: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
