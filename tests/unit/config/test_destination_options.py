"""DESTINATION_OPTIONS: a closed set for each destination; faults name the option."""

import json

import pytest

from eks_log_forwarder.config.destination_options import (
    BodyFormat,
    Compression,
    ElasticsearchOptions,
    HttpOptions,
    LokiOptions,
    OtlpOptions,
    SplunkHecOptions,
    XplgOptions,
)
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.errors import SettingsError

URL = "https://collector.example.internal"


def settings_of(destination: str, options: str, **more: str) -> Settings:
    """The settings with these options."""
    environ = {"DESTINATION": destination, "DESTINATION_URL": URL, "DESTINATION_OPTIONS": options}
    return Settings.from_environ(environ | more)


def faults_of(destination: str, options: object, **more: str) -> tuple[str, ...]:
    """Every fault of these options."""
    with pytest.raises(SettingsError) as caught:
        settings_of(destination, options if isinstance(options, str) else json.dumps(options), **more)
    return caught.value.faults


@pytest.mark.parametrize(
    ("destination", "options", "expected"),
    [
        ("xplg", "", XplgOptions(compression=Compression.NONE, body_format=BodyFormat.NDJSON)),
        ("http", " {} ", HttpOptions(compression=Compression.GZIP, body_format=BodyFormat.NDJSON)),
        (
            "xplg",
            '{"compression":"gzip","body_format":"single"}',
            XplgOptions(compression=Compression.GZIP, body_format=BodyFormat.SINGLE),
        ),
        ("http", '{"body_format":"array"}', HttpOptions(body_format=BodyFormat.ARRAY)),
        ("loki", '{"compression":"none"}', LokiOptions(compression=Compression.NONE)),
        ("splunk_hec", "", SplunkHecOptions(index="", sourcetype="aws:eks:{type}", ack=False)),
        (
            "splunk_hec",
            '{"index":"k8s","sourcetype":"x","ack":true}',
            SplunkHecOptions(index="k8s", sourcetype="x", ack=True),
        ),
        (
            "elasticsearch",
            "{}",
            ElasticsearchOptions(
                index="",
                data_stream="logs-eks.{type}-{namespace}",
                namespace="default",
                ecs=False,
                templates=False,
            ),
        ),
        ("elasticsearch", '{"index":"eks","ecs":true}', ElasticsearchOptions(index="eks", ecs=True)),
        ("loki", '{"tenant":"team-a"}', LokiOptions(tenant="team-a")),
        ("otlp", "", OtlpOptions(encoding="protobuf", headers={})),
        (
            "otlp",
            '{"encoding":"json","headers":{"x-api-key":"{token}"}}',
            OtlpOptions(encoding="json", headers={"x-api-key": "{token}"}),
        ),
    ],
)
def test_options_are_read_by_destination(destination: str, options: str, expected: object) -> None:
    """An option that is not given has its default."""
    assert settings_of(destination, options).destination_options == expected


@pytest.mark.parametrize(
    ("destination", "options", "words"),
    [
        ("xplg", {"index": "x"}, ["xplg has no option 'index'", "it has compression, body_format"]),
        ("splunk_hec", {"tenant": "x"}, ["splunk_hec has no option 'tenant'", "index, sourcetype, ack"]),
        ("splunk_hec", {"body_format": "array"}, ["splunk_hec has no option 'body_format'"]),
        ("xplg", {"body_format": "xml"}, ["body_format"]),
        ("http", {"compression": "zstd"}, ["compression"]),
        ("otlp", {"compression": True}, ["compression"]),
        ("splunk_hec", {"ack": "yes"}, ["ack", "bool"]),
        ("splunk_hec", {"index": "Has Space"}, ["index", "lower-case"]),
        ("splunk_hec", {"sourcetype": "a {b}"}, ["sourcetype", "{type}"]),
        ("splunk_hec", {"sourcetype": ""}, ["sourcetype"]),
        ("elasticsearch", {"index": "Upper"}, ["index", "lower case"]),
        ("elasticsearch", {"index": "_x"}, ["index"]),
        ("elasticsearch", {"data_stream": "logs-{kind}"}, ["data_stream", "{type}"]),
        ("elasticsearch", {"data_stream": "logs-x", "index": "y"}, ["exclude each other"]),
        ("elasticsearch", {"namespace": "a-b"}, ["namespace", "no hyphen"]),
        ("loki", {"tenant": "a|b"}, ["tenant"]),
        ("loki", {"tenant": 1}, ["tenant", "str"]),
        ("otlp", {"encoding": "xml"}, ["encoding"]),
        ("otlp", {"headers": {"x y": "z"}}, ["headers", "not a valid header name"]),
        ("otlp", {"headers": {"Content-Type": "z"}}, ["headers", "Content-Type"]),
        ("otlp", {"headers": {"x-key": "s3cr3t\n"}}, ["headers", "x-key"]),
        ("otlp", {"headers": ["s3cr3t"]}, ["headers"]),
        ("otlp", "s3cr3t", ["not a JSON object"]),
        ("otlp", "[]", ["not a JSON object"]),
    ],
)
def test_a_fault_names_the_option_and_no_value(destination: str, options: object, words: list[str]) -> None:
    """One fault for one mistake."""
    (fault,) = faults_of(destination, options)
    assert fault.startswith("DESTINATION_OPTIONS")
    assert all(word in fault for word in words), fault
    assert "s3cr3t" not in fault


def test_all_faults_are_told_together() -> None:
    """Faults of options together with faults of other variables."""
    faults = faults_of("splunk_hec", {"ack": 1, "colour": "red", "index": " "}, MAX_BATCH_EVENTS="none")
    assert len(faults) == 4


def test_parsed_needs_the_index_templates() -> None:
    """The fault says which command applies them; the other formats do not need them."""
    (fault,) = faults_of("elasticsearch", {}, RECORD_FORMAT="parsed")
    assert "make index-templates" in fault
    assert "templates to true" in fault
    for record_format in ("enriched", "plain", "ocsf"):
        assert settings_of("elasticsearch", "", RECORD_FORMAT=record_format).record_format == record_format
    assert (
        settings_of("elasticsearch", '{"templates":true}', RECORD_FORMAT="parsed").record_format == "parsed"
    )


@pytest.mark.parametrize("options", [{"index": "eks"}, {"data_stream": "logs-k8s.{type}-{namespace}"}])
def test_the_index_templates_cover_only_their_data_streams(options: dict[str, object]) -> None:
    """A name that their pattern does not match gets another mapping."""
    (fault,) = faults_of("elasticsearch", options | {"templates": True})
    assert "logs-eks.*-*" in fault
    covered = '{"data_stream":"logs-eks.all-x","templates":true}'
    assert settings_of("elasticsearch", covered).destination == "elasticsearch"


def test_ecs_names_need_the_enriched_record() -> None:
    """Each is valid alone."""
    (fault,) = faults_of("elasticsearch", {"ecs": True}, RECORD_FORMAT="ocsf")
    assert "ecs" in fault
    assert "enriched" in fault


def test_headers_show_in_no_repr() -> None:
    """They may hold a key."""
    settings = settings_of("otlp", '{"headers":{"x-key":"s3cr3t"}}')
    assert "s3cr3t" not in repr(settings)
