"""boto3 clients for the tools, and what to say when AWS cannot be asked at all."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools.aws_reading import ClientFactory

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 4, "mode": "standard"})


class ToolError(Exception):
    """The tool cannot go on; the message says why, and what to do."""


def add_aws_options(parser: ArgumentParser) -> None:
    """`--region` and `--profile`, as the AWS CLI has them."""
    parser.add_argument("--region", help="the cluster's region; else AWS_DEFAULT_REGION or the profile's")
    parser.add_argument("--profile", help="a profile of ~/.aws/config; else AWS_PROFILE or the default one")


def client_factory(region: str | None, profile: str | None) -> ClientFactory:
    """Makes each service's client once; credentials and endpoints come from where the AWS CLI finds them.

    Raises:
        ToolError: there is no such profile, or no region.
    """
    with told_errors():
        session = boto3.Session(region_name=region, profile_name=profile)
    if session.region_name is None:
        msg = "no region is set: give --region, or set AWS_DEFAULT_REGION to the cluster's region"
        raise ToolError(msg)
    clients: dict[str, object] = {}

    def client(service: str) -> object:
        if service not in clients:
            clients[service] = session.client(service, config=_CONFIG)  # type: ignore[call-overload]  # any service
        return clients[service]

    return client


@contextmanager
def told_errors() -> Iterator[None]:
    """Turns what boto3 raises into a `ToolError` for a person."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        }:
            msg = f"AWS does not know these credentials ({code}): log in again"
            raise ToolError(msg) from error
        raise ToolError(str(error)) from error
    except BotoCoreError as error:
        msg = f"{error} (see that `aws sts get-caller-identity` works)"
        raise ToolError(msg) from error
