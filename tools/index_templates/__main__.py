"""`make index-templates`: applies the index templates of `collectors/` to Elasticsearch or OpenSearch.

The environment has the credentials: ELASTIC_API_KEY, or ELASTIC_USERNAME and ELASTIC_PASSWORD. Without them,
the command asks. REQUESTS_CA_BUNDLE names the file of a private authority. Exit status: 0 if all parts are
applied, 2 if one was refused.
"""

import argparse
import re
import sys

from tools.deploy.questions import read_hidden, read_line
from tools.errors import ToolError
from tools.index_templates.applying import Cluster
from tools.index_templates.files import ELASTICSEARCH, OPENSEARCH, RETENTION, parts, text_of, write
from tools.stopping import run


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make index-templates", description=__doc__)
    parser.add_argument("url", nargs="?", help="the cluster, such as https://HOST:9200")
    parser.add_argument("--retention", default=RETENTION, type=_retention, help="how long events are kept")
    parser.add_argument(
        "--print", choices=(ELASTICSEARCH, OPENSEARCH), dest="product", help="print the parts, apply none"
    )
    parser.add_argument("--write", action="store_true", help="write the files in collectors/ again")
    options = parser.parse_args(arguments)
    if options.write:
        write()
        return 0
    if options.product:
        for part in parts(options.product, options.retention):
            print(f"PUT {part.path}\n{text_of(part)}")
        return 0
    if not options.url:
        parser.error("give the cluster's URL, or --print")
    try:
        cluster = Cluster(options.url, read_line, read_hidden)
        product = cluster.product()
        for done in cluster.apply(product, options.retention):
            print(done)
    except ToolError as error:
        print(f"index-templates: {error}", file=sys.stderr)
        return 2
    except EOFError:
        print("index-templates: the input ended before all questions were answered", file=sys.stderr)
        return 2
    print('Now set the option "templates": true in DestinationOptions.')
    return 0


def _retention(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,4}[dh]", text):
        msg = f"{text!r} is not a time such as 90d"
        raise argparse.ArgumentTypeError(msg)
    return text


if __name__ == "__main__":
    run(main)
