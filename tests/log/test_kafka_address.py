import pytest

from service.log import LogUnavailable, open_log
from service.log.kafka.address import read_address


def test_a_bare_url_has_defaults_that_work():
    address = read_address("kafka://broker:9092")
    assert address.servers == ("broker:9092",)
    assert (address.partitions, address.replication) == (6, -1)
    assert (address.group, address.topic("tariffs")) == ("tariffwire", "tariffs")
    assert address.security == {"security_protocol": "PLAINTEXT"}


def test_a_prefix_goes_before_every_name():
    address = read_address("kafka://broker:9092/acme-1")
    assert (address.group, address.topic("tariffs")) == ("acme-1", "acme-1.tariffs")
    assert address.plain("acme-1.tariffs") == "tariffs"
    assert address.plain("elsewhere.tariffs") == "elsewhere.tariffs"


def test_all_brokers_are_named():
    address = read_address("kafka://one:9092,[::1]:9093,three.example:9094/p?partitions=3")
    assert address.servers == ("one:9092", "[::1]:9093", "three.example:9094")
    assert address.partitions == 3


def test_options_reach_the_clients():
    address = read_address("kafka://b:1?session_timeout_ms=9000&max_poll_interval_ms=60000")
    assert (address.session_timeout_ms, address.max_poll_interval_ms) == (9000, 60000)


def test_a_login_travels_under_tls_unless_the_url_says_otherwise():
    security = read_address("kafka://ann:p%40ss:word@broker:9092").security
    assert security["security_protocol"] == "SASL_SSL"
    assert security["sasl_mechanism"] == "PLAIN"
    assert security["sasl_plain_username"] == "ann"
    assert security["sasl_plain_password"] == "p@ss:word"
    assert security["ssl_context"].check_hostname


def test_the_mechanism_is_taken_from_the_url():
    url = "kafka://a:b@c:1?security_protocol=SASL_PLAINTEXT&sasl_mechanism=SCRAM-SHA-512"
    security = read_address(url).security
    assert security["sasl_mechanism"] == "SCRAM-SHA-512"
    assert "ssl_context" not in security


def test_no_password_is_shown():
    address = read_address("kafka://ann:s3cret@broker:9092/p?security_protocol=SASL_PLAINTEXT")
    assert "s3cret" not in f"{address} {address!r}"
    assert str(address) == "kafka://broker:9092/p"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("kafka://", "the brokers"),
        ("kafka:///p", "the brokers"),
        ("kafka:broker:9092", "the brokers"),
        ("kafka://broker", "the brokers"),
        ("kafka://broker:0", "the brokers"),
        ("kafka://broker:65536", "the brokers"),
        ("kafka://broker:9092,", "the brokers"),
        ("kafka://one:1 two:2", "the brokers"),
        ("kafka://b:1/a/b", "the PREFIX"),
        ("kafka://b:1/ä", "the PREFIX"),
        ("kafka://b:1?partition=3", "the option partition: .*did you mean partitions"),
        ("kafka://b:1?zzz", "the option zzz: .*use partitions"),
        ("kafka://b:1?partitions=3&partitions=4", "the options: give each of them once"),
        ("kafka://b:1?partitions=none", "partitions: write a whole number from 1"),
        ("kafka://b:1?partitions=0", "partitions: write a whole number from 1"),
        ("kafka://b:1?replication=0", "replication: write 1 or more, or -1"),
        ("kafka://b:1?session_timeout_ms=5", "session_timeout_ms"),
        ("kafka://b:1?security_protocol=TLS", "security_protocol: write one of PLAINTEXT"),
        ("kafka://b:1?security_protocol=SASL_SSL", "security_protocol: SASL_SSL needs user"),
        ("kafka://u:s3cret@b:1?security_protocol=SSL", "security_protocol: SSL takes no login"),
        ("kafka://u@b:1", "security_protocol: SASL_SSL needs user:password@"),
        ("kafka://u:s3cret@b:1?sasl_mechanism=GSSAPI", "sasl_mechanism: write one of PLAIN"),
        ("kafka://b:1?sasl_mechanism=PLAIN", "security_protocol: PLAINTEXT takes no login"),
        ("kafka://b:1?ssl_cafile=x", "security_protocol: PLAINTEXT is without TLS"),
        ("kafka://b:1?security_protocol=SSL&ssl_cafile=nowhere.pem", "ssl_cafile: nowhere.pem"),
        ("kafka://b:1?security_protocol=SSL&ssl_certfile=nowhere", "ssl_certfile: nowhere"),
        ("kafka://b:1?security_protocol=SSL&ssl_keyfile=nowhere", "ssl_keyfile: it goes with"),
        ("kafka://u:s3cret@b/p", "the brokers"),
        ("kafka://u:s3cret@b:1/p?s3cret=1", "the option"),
    ],
)
def test_a_bad_url_names_the_part_to_mend(url, named, clock):
    with pytest.raises(LogUnavailable, match=named) as refusal:
        open_log(url, clock)
    said = str(refusal.value)
    assert "TARIFFWIRE_LOG_URL" in said
    assert "kafka://[user:password@]host:port" in said
    assert "u:s3cret" not in said
