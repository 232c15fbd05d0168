"""`make package BUCKET=name`: uploads the code and a template that deploys without this repository.

Terraform, StackSets and pipelines use the template by its URL: docs/terraform.md.
"""

import argparse
import sys

from rich.console import Console

from tools import ROOT
from tools.aws_clients import add_aws_options, client_factory, told_errors
from tools.command_line import command_line
from tools.deploy.sam import SamError, build, run_sam
from tools.ministack import last_lines
from tools.progress import Progress

PREFIX = "eks-log-forwarder"
_OUTPUT = ROOT / "build" / "template.yaml"


def package(bucket: str, region: str | None, profile: str | None, console: Console) -> list[str]:
    """Builds, uploads code and templates; returns the templates' URLs.

    Raises:
        ToolError: the build or an upload failed.
    """
    progress = Progress(console, 3)
    client = client_factory(region, profile)("s3")
    with told_errors():
        client.head_bucket(Bucket=bucket)
    progress.step("sam build (half a minute)")
    build("default")
    progress.step(f"uploading the code to {bucket}")
    _OUTPUT.parent.mkdir(exist_ok=True)
    options = ["--s3-bucket", bucket, "--s3-prefix", PREFIX, "--output-template-file", str(_OUTPUT)]
    options += ["--region", client.meta.region_name]
    if profile:
        options += ["--profile", profile]
    status, written = run_sam("package", *options, shown=False)
    if status:
        msg = f"`sam package` failed:\n{last_lines(written)}"
        raise SamError(msg)
    progress.step("uploading the templates")
    urls = []
    for path in (_OUTPUT, ROOT / "network.yaml", ROOT / "subscription.yaml"):
        key = f"{PREFIX}/{path.name}"
        with told_errors():
            client.upload_file(str(path), bucket, key)
        urls.append(f"https://{bucket}.s3.{client.meta.region_name}.amazonaws.com/{key}")
    return urls


@command_line("package")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("bucket", help="a bucket of the region of the deployment")
    add_aws_options(parser)
    options = parser.parse_args(arguments)
    console = Console()
    for url in package(options.bucket, options.region, options.profile, console):
        console.print(url, soft_wrap=True, highlight=False)
    console.print(f"Also written: {_OUTPUT.relative_to(ROOT)}. docs/terraform.md shows how to deploy it.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
