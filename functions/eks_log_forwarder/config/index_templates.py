"""What the index templates in `collectors/` have to do with the settings."""

from collections.abc import Iterator

from eks_log_forwarder.config.destination_options import ElasticsearchOptions

COVERED = "logs-eks."  # their pattern is logs-eks.*-*


def template_faults(options: ElasticsearchOptions, *, parsed: bool) -> Iterator[str]:
    """`parsed`: the record format nests the bodies of requests."""
    if parsed and not options.templates:
        yield (
            "RECORD_FORMAT is parsed: Elasticsearch refuses most nested bodies without an index template. "
            "Apply ours (make index-templates URL=https://HOST:PORT), then set the option templates to true; "
            "or choose enriched"
        )
    if options.templates and (options.index or not options.data_stream.startswith(COVERED)):
        yield (
            f"templates is true: the index templates cover data streams named {COVERED}*-*, so leave out the "
            "option index, and begin data_stream with that name"
        )
