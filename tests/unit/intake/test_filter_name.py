"""The names of subscription filters that say a cluster and a log type."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.intake.filter_name import filter_name, read_filter_name
from eks_log_forwarder.intake.log_type import LogType

# CloudWatch Logs API reference, PutSubscriptionFilter
ALLOWED = re.compile(r"[^:*]{1,512}")
stacks = st.from_regex(r"[A-Za-z][0-9A-Za-z-]{0,127}", fullmatch=True)
clusters = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}", fullmatch=True)
log_types = st.sampled_from([log_type for log_type in LogType if log_type is not LogType.UNKNOWN])


@given(stacks, clusters, log_types)
def test_a_name_says_what_it_was_made_of(stack: str, cluster: str, log_type: LogType) -> None:
    """And CloudWatch Logs accepts it, whatever the stack, the cluster and the type."""
    name = filter_name(stack, cluster, log_type)
    assert ALLOWED.fullmatch(name)
    assert read_filter_name(name) == (cluster, log_type)


def test_mixed_leaves_the_type_open() -> None:
    """The names of the streams say it."""
    assert read_filter_name("forwarder/Shop_2/mixed") == ("Shop_2", None)


@pytest.mark.parametrize(
    "name",
    [
        *("", "forwarder", "forwarder/shop", "/shop/audit", "forwarder//audit", "forwarder/shop/"),
        *("forwarder/shop/unknown", "forwarder/shop/Audit", "forwarder/shop/audit/more", "a/b/c/audit"),
        *("forwarder/-shop/audit", "forwarder/sh op/audit", "forwarder/shop/audit\n", "1/shop/audit"),
        *(f"forwarder/{'s' * 101}/audit", "forwarder/shöp/audit", "replay:seen"),
    ],
)
def test_any_other_name_says_nothing(name: str) -> None:
    """Such as the names of stacks, and of filters of other applications."""
    assert read_filter_name(name) is None
