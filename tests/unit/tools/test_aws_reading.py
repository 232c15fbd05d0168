"""Reading AWS with whatever rights there are."""

import pytest
from botocore.exceptions import ClientError

from tests.stubbed_aws import Answer, StubbedAws
from tools.aws_reading import NotFoundError, Reader


@pytest.mark.parametrize(
    ("service", "operation", "code", "right"),
    [
        ("eks", "describe_cluster", "AccessDeniedException", "eks:DescribeCluster"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation", "ec2:DescribeVpcs"),
        ("cloudformation", "describe_stacks", "AccessDenied", "cloudformation:DescribeStacks"),
        ("logs", "describe_log_groups", "AccessDeniedException", "logs:DescribeLogGroups"),
    ],
)
def test_remembers_a_refused_right_as_iam_names_it(
    service: str, operation: str, code: str, right: str
) -> None:
    """None is answered, and the right is named once however often it was refused."""
    parameters = {"name": "prod"} if service == "eks" else {}
    with StubbedAws(**{service: [(operation, code), (operation, code)]}) as aws:
        reader = Reader(aws.client)
        answers = [reader.call(service, operation, **parameters) for _ in range(2)]
    assert (answers, reader.refused) == ([None, None], [right])


def test_collects_the_items_of_all_pages() -> None:
    """Two pages make one list; a refusal makes none."""
    pages: list[Answer] = [
        ("list_clusters", {"clusters": ["a", "b"], "nextToken": "more"}),
        ("list_clusters", {"clusters": ["c"]}),
        ("list_clusters", "AccessDeniedException"),
    ]
    with StubbedAws(eks=pages) as aws:
        reader = Reader(aws.client)
        assert reader.pages("eks", "list_clusters", "clusters") == ["a", "b", "c"]
        assert reader.pages("eks", "list_clusters", "clusters") is None
    assert reader.refused == ["eks:ListClusters"]


def test_says_what_does_not_exist() -> None:
    """That is no refusal, so no right is named."""
    with StubbedAws(eks=[("describe_cluster", "ResourceNotFoundException")]) as aws:
        reader = Reader(aws.client)
        with pytest.raises(NotFoundError):
            reader.call("eks", "describe_cluster", name="nowhere")
    assert reader.refused == []


def test_does_not_take_a_throttle_for_a_refusal() -> None:
    """Any other error is raised as it is."""
    with StubbedAws(eks=[("describe_cluster", "ThrottlingException")]) as aws:
        reader = Reader(aws.client)
        with pytest.raises(ClientError, match="ThrottlingException"):
            reader.call("eks", "describe_cluster", name="prod")
