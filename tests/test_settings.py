"""What can be set, and how a mistake is answered."""

import base64

import pytest

from service.settings import PREFIX, BadSetting, Settings, is_loopback, read_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


@pytest.fixture
def read(monkeypatch):
    """Read from this environment, by short names."""

    def from_environment(**given):
        environment = {PREFIX + name.upper(): value for name, value in given.items()}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return read_settings(environment)

    return from_environment


def test_everything_has_a_default_that_works(read):
    settings = read()
    assert settings.database_url == "sqlite:///tariffwire.db"
    assert settings.log_url == "sqlite:///tariffwire-log.db"
    assert (settings.host, settings.port, settings.api_key) == ("127.0.0.1", 8320, None)


def test_every_setting_says_what_it_is_for():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_settings_cannot_be_changed_once_read(read):
    with pytest.raises(ValueError, match="frozen"):
        read().port = 1


def test_the_environment_goes_over_the_file(read, tmp_path):
    (tmp_path / "tariffwire.toml").write_text('port = 9000\nmail_from = "w@file.test"\n')
    settings = read(port="9001")
    assert (settings.port, settings.mail_from) == (9001, "w@file.test")


def test_arguments_go_over_the_environment(monkeypatch):
    monkeypatch.setenv("TARIFFWIRE_PORT", "9001")
    assert read_settings({}, port=9002).port == 9002


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("TARIFFWIRE_DATABASE", "DATABASE_URL"), ("TARIFFWIRE_SMTP_HOTS", "SMTP_HOST")],
)
def test_an_unknown_key_is_refused_with_a_suggestion(name, nearest):
    with pytest.raises(BadSetting, match=rf"{name}: no such setting; did you mean .*{nearest}\?"):
        read_settings({name: "x"})


def test_where_nothing_is_near_nothing_is_suggested():
    with pytest.raises(BadSetting) as caught:
        read_settings({"TARIFFWIRE_ZZZZZZ": "x"})
    assert str(caught.value) == "TARIFFWIRE_ZZZZZZ: no such setting"


def test_the_environment_of_others_is_left_alone():
    assert read_settings({"HOME": "/root", "TARIFF": "1"}).port == 8320


def test_an_unknown_key_in_the_file_is_refused_with_a_suggestion(read, tmp_path):
    (tmp_path / "tariffwire.toml").write_text("prot = 9000\n")
    with pytest.raises(BadSetting, match=r"tariffwire\.toml: prot: no such setting; did you mean"):
        read()


def test_a_file_that_is_no_toml_is_refused_by_name(read, tmp_path):
    (tmp_path / "tariffwire.toml").write_text("port == 1\n")
    with pytest.raises(BadSetting, match=r"tariffwire\.toml: .*line 1"):
        read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "many"),
        ("port", "70000"),
        ("smtp_tls", "perhaps"),
        ("send_slots", "0"),
        ("webhook_timeout", "0"),
        ("webhook_ports", "80,http"),
        ("log_level", "loud"),
        ("allow_loopback", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_setting(read, name, value):
    with pytest.raises(BadSetting, match=PREFIX + name.upper()):
        read(**{name: value})


def test_all_that_is_wrong_is_said_at_once(read):
    with pytest.raises(BadSetting) as caught:
        read(port="many", send_slots="0")
    assert "TARIFFWIRE_PORT" in str(caught.value)
    assert "TARIFFWIRE_SEND_SLOTS" in str(caught.value)


def test_ports_are_a_list_with_commas(read):
    assert read(webhook_ports="443, 8443").webhook_ports == (443, 8443)


def test_ports_are_a_list_in_the_file_too(read, tmp_path):
    (tmp_path / "tariffwire.toml").write_text("webhook_ports = [443]\n")
    assert read().webhook_ports == (443,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "http://127.0.0.1:8320",
        "https://alerts.example/wire/",
        "http://[fd00::1]:80",
        "https://a",
    ],
)
def test_links_can_be_built_on_any_address_of_the_web(read, given):
    assert read(public_url=given).public_url == given


@pytest.mark.parametrize(
    "given",
    [
        "foo",
        "alerts.example",
        "alerts.example:8320",
        "ftp://alerts.example",
        "https://",
        "https:///wire",
        "https://:443",
        "http://a.example:99999",
        "http://[::1",
        "https://us:word@a.example",
        "https://a.example/?x=1",
        "https://a.example/#top",
        "https://a example",
        " https://a.example",
        "https://a.example\n",
    ],
)
def test_a_public_url_that_no_link_can_be_built_on_is_refused(read, given):
    with pytest.raises(BadSetting, match=r"PUBLIC_URL: links in alerts .* as in https://alerts"):
        read(public_url=given)


def test_networks_are_a_list_with_commas(read):
    listed = read(allow_networks="10.1.0.0/16, fd00:1::/32").allow_networks
    assert [str(one) for one in listed] == ["10.1.0.0/16", "fd00:1::/32"]
    assert read(allow_networks="").allow_networks == ()


def test_networks_are_a_list_in_the_file_too(read, tmp_path):
    (tmp_path / "tariffwire.toml").write_text('allow_networks = ["10.2.0.0/16"]\n')
    assert [str(one) for one in read().allow_networks] == ["10.2.0.0/16"]


def test_a_network_that_cannot_be_read_is_named(read):
    with pytest.raises(BadSetting, match=r"ALLOW_NETWORKS: '10.1.0.0/8' .* write it like 10.1.0.0"):
        read(allow_networks="10.1.0.0/8")


def test_the_password_of_the_egress_proxy_is_in_no_text(read):
    settings = read(egress_proxy="http://us:s3cret@proxy.example:3128")
    assert (settings.egress_proxy.host, settings.egress_proxy.port) == ("proxy.example", 3128)
    assert settings.egress_proxy.authorization
    assert settings.egress_proxy.authorization not in repr(settings)
    assert read(egress_proxy="").egress_proxy is None
    with pytest.raises(BadSetting, match=r"EGRESS_PROXY: .*http://") as caught:
        read(egress_proxy="https://us:s3cret@proxy.example:3128")
    assert "s3cret" not in str(caught.value)


def test_a_secret_may_lie_in_a_file(read, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    settings = read(api_key_file=str(tmp_path / "key"))
    assert settings.api_key.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_a_secret_file_that_cannot_be_read_is_named(read):
    with pytest.raises(BadSetting, match="TARIFFWIRE_API_KEY_FILE: cannot read /nowhere"):
        read(api_key_file="/nowhere")


def test_a_file_goes_before_the_default_of_an_image(read, tmp_path):
    (tmp_path / "url").write_text("postgresql://db/books\n")
    found = read(database_url_file=str(tmp_path / "url"), database_url="sqlite:////data/books.db")
    assert found.database_url == "postgresql://db/books"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "example.org"])
def test_without_a_key_it_listens_to_this_machine_only(read, host):
    with pytest.raises(BadSetting, match="TARIFFWIRE_API_KEY"):
        read(host=host)


def test_an_empty_key_is_no_key(read):
    with pytest.raises(BadSetting, match="TARIFFWIRE_API_KEY"):
        read(host="0.0.0.0", api_key="")


def test_with_a_key_it_listens_anywhere(read):
    assert read(host="0.0.0.0", api_key="k").host == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_key(host):
    assert is_loopback(host)


def test_roles_are_written_as_a_list(read):
    assert "publish" in read().roles
    assert read(roles="api,clock").roles == ("api", "clock")


def test_a_role_that_does_not_exist_is_refused(read):
    with pytest.raises(BadSetting, match=r"ROLES: 'cook' is none of api, .*, clock; did you mean"):
        read(roles="api,cook")
    with pytest.raises(BadSetting, match=r"'planner' .*; did you mean plan\?"):
        read(roles="api,planner")


def test_a_mode_of_sending_that_does_not_exist_is_refused(read):
    assert read(send="allow:*@example.com").send == "allow:*@example.com"
    with pytest.raises(BadSetting, match="SEND: 'sometimes' is none of these: live, held"):
        read(send="sometimes")


def test_what_is_for_tests_is_no_setting():
    assert read_settings({"TARIFFWIRE_TEST_CRASH": "plan.commit.after"}) == Settings()


ONE, OTHER = (base64.b64encode(bytes([number]) * 32).decode() for number in (250, 251))


@pytest.mark.parametrize("between", [",", "\n", ", ", " \n"])
def test_keys_for_secrets_stand_behind_each_other_newest_first(read, between):
    settings = read(secrets_key=f"{ONE}{between}{OTHER}")
    assert settings.secrets_keys == (b"\xfa" * 32, b"\xfb" * 32)
    assert ONE not in repr(settings)


def test_a_key_for_secrets_may_be_written_for_urls_and_lie_in_a_file(read, tmp_path):
    (tmp_path / "key").write_text(f"{ONE.translate(str.maketrans('+/', '-_'))}\n")
    assert read(secrets_key_file=str(tmp_path / "key")).secrets_keys == (b"\xfa" * 32,)


def test_without_a_key_for_secrets_there_is_none(read):
    assert read().secrets_keys == read(secrets_key="").secrets_keys == ()


@pytest.mark.parametrize("given", ["passphrase", ONE[:-4], f"{ONE},short", ONE + "AAAA"])
def test_what_is_no_key_for_secrets_is_refused_saying_how_to_make_one(read, given):
    with pytest.raises(
        BadSetting, match=r"SECRETS_KEY: a key is .* `openssl rand -base64 32`"
    ) as no:
        read(secrets_key=given)
    assert given not in str(no.value)
