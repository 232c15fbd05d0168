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
from eks_log_forwarder.config.settings import DestinationName, Settings
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
        ("xplg", {"index": "x"}, ["xplg has no option 'index'", "it has compression, proxy, body_format"]),
        ("xplg", {"headers": {}}, ["xplg has no option 'headers'"]),
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
        ("otlp", {"headers": {"Content-Length": "z"}}, ["headers", "Content-Length"]),
        ("otlp", {"headers": {"x-team": "s3cr3t\n"}}, ["headers", "x-team"]),
        (
            "otlp",
            {"headers": {"x-key": "s3cr3t"}},
            ["x-key, which looks like a secret", "write {token} where"],
        ),
        ("elasticsearch", {"auth": "iam"}, ["auth", "iam"]),
        ("http", {"token_header": 1}, ["token_header", "str"]),
        ("http", {"headers": {"X-Api-Key": "s3cr3t"}}, ["X-Api-Key", "name it in token_header"]),
        ("http", {"headers": {"X-A": 1}}, ["headers", "str"]),
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
    settings = settings_of("otlp", '{"headers":{"x-team":"s3cr3t"},"proxy":"http://s3cr3t.example.internal"}')
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize("destination", DestinationName)
@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("proxy.example.internal:3128", "is not a URL"),
        ("proxy", "is not a URL"),
        ("http://", "is not a URL"),
        ("http://proxy.example.internal:0", "is not a URL"),
        ("http://proxy.example.internal:99999", "is not a URL"),
        ("http://pr\u00f6xy.example.internal:3128", "is not a URL"),
        ("http://proxy.example.internal:3128\r\nX-A: s3cr3t", "is not a URL"),
        ("https://proxy.example.internal:3128", "begins with https"),
        ("socks5://proxy.example.internal:1080", "has another scheme than http"),
        ("http://user:s3cr3t@proxy.example.internal:3128", "proxy_username and proxy_password"),
        ("http://s3cr3t@proxy.example.internal:3128", "proxy_username and proxy_password"),
        ("http://proxy.example.internal:3128/path", "more than a host and a port"),
        ("http://proxy.example.internal:3128?s3cr3t", "more than a host and a port"),
    ],
)
def test_a_proxy_is_an_http_url_of_host_and_port(destination: str, proxy: str, words: str) -> None:
    """Without credentials, which belong into the secret; the fault says what to give and shows nothing."""
    (fault,) = faults_of(destination, {"proxy": proxy})
    assert fault.startswith("DESTINATION_OPTIONS: proxy ")
    assert words in fault
    assert "http://HOST:PORT" in fault
    assert "s3cr3t" not in fault


@pytest.mark.parametrize(
    "proxy", ["http://proxy.example.internal:3128", "http://10.0.0.5:8080/", "http://[fd00::5]:3128", ""]
)
def test_every_destination_takes_a_proxy(proxy: str) -> None:
    """By name or address; an empty one is none."""
    for destination in DestinationName:
        options = settings_of(destination, json.dumps({"proxy": proxy})).destination_options
        assert options.proxy == proxy


COLLECTION = "https://0a1b2c3d4e5f6a7b8c9d.eu-central-1.aoss.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "auth", "words"),
    [
        (COLLECTION, "secret", "set the option auth to sigv4"),
        ("https://111122223333.aoss.eu-central-1.on.aws", "sigv4", "endpoint of one collection"),
    ],
)
def test_a_url_that_cannot_work_with_its_options_is_a_fault(url: str, auth: str, words: str) -> None:
    """Serverless takes signed requests only, and this forwarder names no collection in a header."""
    (fault,) = faults_of("elasticsearch", {"auth": auth}, DESTINATION_URL=url)
    assert words in fault


@pytest.mark.parametrize("url", [COLLECTION, URL, "https://search-logs.eu-central-1.es.amazonaws.com"])
def test_sigv4_works_with_aws_s_hosts_and_custom_ones(url: str) -> None:
    """A custom endpoint is signed for the function's own region."""
    settings = settings_of("elasticsearch", '{"auth":"sigv4"}', DESTINATION_URL=url)
    assert settings.destination_options == ElasticsearchOptions(auth="sigv4")
