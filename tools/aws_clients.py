"""boto3 clients for the tools, and clear messages when AWS cannot be asked at all."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tools.aws_reading import ClientFactory
from tools.errors import ToolError

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 4, "mode": "standard"})
# An invocation is answered after 15 minutes at most. A repeated one would send its events twice.
_LAMBDA_CONFIG = _CONFIG.merge(Config(read_timeout=920))
_LOGIN_CODES = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
)


def add_aws_options(parser: ArgumentParser) -> None:
    """Adds `--region` and `--profile`, as the AWS CLI has them."""
    parser.add_argument(
        "--region", help="the cluster's region (default: AWS_DEFAULT_REGION or the profile's)"
    )
    parser.add_argument("--profile", help="a profile of ~/.aws/config (default: AWS_PROFILE)")


def client_factory(region: str | None, profile: str | None) -> ClientFactory:
    """Creates one client per service; finds credentials and endpoints where the AWS CLI does.

    Raises:
        ToolError: the profile does not exist, or no region is set.
    """
    with told_errors():
        session = boto3.Session(region_name=region, profile_name=profile)
    if session.region_name is None:
        msg = "no region is set: give --region, or set AWS_DEFAULT_REGION to the cluster's region"
        raise ToolError(msg)

    @cache
    def client(service: str) -> object:
        config = _LAMBDA_CONFIG if service == "lambda" else _CONFIG
        return session.client(service, config=config)  # type: ignore[call-overload]  # any service

    return client


@contextmanager
def told_errors() -> Iterator[None]:
    """Turns the errors of boto3 into a `ToolError`."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        msg = (
            f"AWS does not accept these credentials ({code}): log in again"
            if code in _LOGIN_CODES
            else str(error)
        )
        raise ToolError(msg) from error
    except (BotoCoreError, ResponseParserError) as error:  # the second: not AWS's answer but, say, a proxy's
        msg = f"{error} (see that `aws sts get-caller-identity` works)"
        raise ToolError(msg) from error
