"""What a user reads when AWS cannot be asked."""

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

from tools.aws_clients import told_errors
from tools.errors import ToolError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            NoCredentialsError(),
            "Unable to locate credentials (see that `aws sts get-caller-identity` works)",
        ),
        (
            ResponseParserError("Unable to parse response: invalid XML"),
            "Unable to parse response: invalid XML (see that `aws sts get-caller-identity` works)",
        ),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "…"}}, "DescribeStacks"),
            "AWS does not accept these credentials (ExpiredToken): log in again",
        ),
    ],
    ids=["no credentials", "the answer of a proxy", "an expired token"],
)
def test_every_error_of_boto3_becomes_one_sentence(error: Exception, text: str) -> None:
    """A proxy's answer, too: botocore raises it as an error of another family."""
    with pytest.raises(ToolError) as told, told_errors():
        raise error
    assert str(told.value) == text
