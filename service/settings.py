"""Everything that can be set, read once: the environment over `tariffwire.toml`."""

from base64 import b64decode
from collections.abc import Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from service.core.destination.address import check_email
from service.core.destination.network import Network, read_network
from service.core.destination.proxy import Proxy, read_proxy
from service.core.rates import Rules, packaged_rules, read_rules

PREFIX = "TARIFFWIRE_"
KEY_BYTES = 32


class BadSetting(ValueError):
    """A setting cannot be used."""


def _split(given: Any) -> Any:
    return given.split(",") if isinstance(given, str) else given


def _read_networks(given: Any) -> Any:
    listed = _split(given) if given else ()
    return tuple(read_network(one) if isinstance(one, str) else one for one in listed)


def _read_proxy(given: Any) -> Any:
    return (read_proxy(given) if given else None) if isinstance(given, str) else given


def _check_email(given: str) -> str:
    return check_email(given) if given else given


def _check_public_url(given: str) -> str:
    """Nothing, or what links can be built on."""
    try:
        parts = urlsplit(given)
        is_base = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port past 65535, a bracket left open
        is_base = False
    stray = "?" in given or "#" in given or "@" in given or not given.isprintable() or " " in given
    if given and (stray or not is_base):
        message = (
            "links in alerts are built on it: write http:// or https://, a host, and a path if it"
            " has one, as in https://alerts.example.org"
        )
        raise ValueError(message)
    return given


PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
WarnEmail = Annotated[str, AfterValidator(_check_email)]
Ports = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_read_networks)]
EgressProxy = Annotated[Proxy | None, NoDecode, BeforeValidator(_read_proxy)]
Role = Literal["api", "consume", "plan", "send", "publish", "clock"]
Roles = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)]
TESTS_ONLY = f"{PREFIX}TEST_"
"""What begins so is for this project's own tests, and is not a setting."""


class Settings(BaseSettings):
    """Two URLs choose the adapters; everything else has a default that works."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", toml_file="tariffwire.toml"
    )

    database_url: str = Field("sqlite:///tariffwire.db", description="Its scheme picks the engine.")
    log_url: str = Field(
        "sqlite:///tariffwire-log.db", description="Its scheme picks the event log."
    )
    roles: Roles = Field(
        ("api", "consume", "plan", "send", "publish", "clock"),
        description="What this process does, as in api,clock.",
    )
    deployment: str = Field(
        "", description="A name for this installation; under another name sending starts held."
    )
    send: str = Field(
        "live",
        pattern="^(live|held|allow:.+)$",
        description="live, held, or allow:PATTERN for the addresses that may be written to.",
    )
    host: str = Field(
        "127.0.0.1", description="Where the API listens; anything but loopback needs an API key."
    )
    port: int = Field(8320, ge=0, le=65535, description="The API's port; 0 takes a free one.")
    api_key: SecretStr | None = Field(
        None, description="If set, every request must carry it as a bearer token."
    )
    secrets_key: SecretStr | None = Field(
        None, description="Seals secrets at rest; several, newest first, so that it can change."
    )
    public_url: PublicUrl = Field(
        "", description="How receivers reach the API: the base of links in alerts."
    )
    allow_loopback: bool = Field(
        default=False, description="Let webhooks go to loopback addresses."
    )
    allow_networks: Networks = Field(
        (), description="Private networks that webhooks may go to, as in 10.1.0.0/16,fd00:1::/32."
    )
    egress_proxy: EgressProxy = Field(
        None, description="Webhooks go through it: http://[user:password@]host:port."
    )
    webhook_ports: Ports = Field(
        (80, 443, 8080, 8443), description="Ports that webhooks may use, as in 80,443."
    )
    webhook_timeout: float = Field(
        15, gt=0, le=120, description="Seconds from connect to the last byte."
    )
    smtp_host: str = Field("127.0.0.1", description="The mail server.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Its port.")
    smtp_user: str = Field("", description="Log in as this user, if set.")
    smtp_password: SecretStr | None = Field(None, description="With this password.")
    smtp_tls: str = Field(
        "none", pattern="^(none|starttls|tls)$", description="none, starttls or tls."
    )
    mail_from: str = Field("tariffwire@localhost", description="The sender of emails.")
    mail_return: str = Field(
        "", description="Where bounces go, as bounce@example.org; each mail adds +ID to the name."
    )
    opt_in: str = Field(
        "on",
        pattern="^(on|off)$",
        description="on: a new mail address is asked to confirm first; off: it is not.",
    )
    bounce_imap: SecretStr | None = Field(
        None, description="Read bounces there, as imaps://user:password@host/INBOX."
    )
    dkim_key: SecretStr | None = Field(
        None, description="Sign mails with this private key (PEM, RSA or Ed25519)."
    )
    dkim_selector: str = Field("tariffwire", description="Under which name its public half is.")
    dkim_domain: str = Field("", description="The domain that signs; else that of the sender.")
    disable_after_hours: float = Field(
        72, gt=0, description="A destination that nothing has reached for so long is disabled."
    )
    warn_email: WarnEmail = Field(
        "", description="Who is told of a failing destination whose owner names nobody else."
    )
    keep_held_days: float = Field(
        30, gt=0, description="How long a stopped destination's alerts are held for it."
    )
    send_slots: int = Field(
        512, ge=1, le=1000, description="Deliveries in flight at once; slow ones come on top."
    )
    approval_audience: int = Field(
        0,
        ge=0,
        description="A change in doubt to more destinations waits for approval; 0: none does.",
    )
    approval_new_events: int = Field(
        10, ge=0, description="So many first events of a source are in doubt; unsure ones always."
    )
    remind_within_hours: float = Field(
        72,
        gt=0,
        description="A date that has come is told so long after it; later nobody is alerted.",
    )
    log_retention_days: int = Field(
        30, ge=1, description="How long the log keeps records that were consumed."
    )
    keep_years: float = Field(
        6, ge=0.1, description="How long changes, alerts and receipts are kept."
    )
    keep_attempts_days: float = Field(
        90, gt=0, description="How long the replies of receivers are kept."
    )
    outbox_limit: int = Field(
        100_000,
        ge=1,
        description="Events that may wait for a log out of reach; then the API answers 503.",
    )
    database_pool: int = Field(
        0, ge=0, le=200, description="Connections to a database server; 0: what the roles need."
    )
    drain_seconds: float = Field(
        20, gt=0, description="What is in hand at SIGTERM may take this long."
    )
    stuck_seconds: float = Field(
        120, gt=0, description="A role that stands still for so long, with work waiting, is ended."
    )
    relations: str = Field(
        "", description="A file of relations between measures, over those that come with us."
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    log_format: str = Field("console", pattern="^(console|json)$", description="console or json.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - unused sources
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over the environment over the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @model_validator(mode="after")
    def _guard_the_door(self) -> Self:
        if not self.api_key and not is_loopback(self.host):
            message = (
                f"host {self.host} is reachable from outside: set TARIFFWIRE_API_KEY first, "
                "or listen on 127.0.0.1"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        self.secrets_keys  # noqa: B018 - it refuses what is no key
        return self

    @model_validator(mode="after")
    def _check_relations(self) -> Self:
        if self.relations:
            self.rules  # noqa: B018 - it refuses what cannot be read
        return self

    @property
    def rules(self) -> Rules:
        """Relations and coverage: those that come with us, and the operator's over them."""
        if not self.relations:
            return packaged_rules()
        try:
            text = Path(self.relations).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot read {self.relations}: {error}"
            raise ValueError(message) from error
        return read_rules(text, self.relations, packaged_rules())

    @property
    def secrets_keys(self) -> tuple[bytes, ...]:
        """The keys that seal secrets at rest, newest first."""
        given = self.secrets_key.get_secret_value() if self.secrets_key else ""
        return tuple(_read_key(one) for one in given.replace(",", " ").split())


def _read_key(text: str) -> bytes:
    try:
        key = b64decode(text, altchars=b"-_" if {*text} & {*"-_"} else None, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = (
            f"{PREFIX}SECRETS_KEY: a key is the base64 of {KEY_BYTES} random bytes, as"
            f" `openssl rand -base64 {KEY_BYTES}` makes one; several are set apart by commas"
        )
        raise ValueError(message)
    return key


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(environment: dict[str, str], **given: Any) -> Settings:
    """From arguments, `environment` and the file; `BadSetting` says what to mend, and how."""
    _refuse_unknown(environment)
    wanted: dict[str, Any] = _secrets_of_files(environment) | given
    try:
        return Settings(**wanted)
    except ValidationError as error:
        said = [_say(dict(one)) for one in error.errors(include_url=False)]
        raise BadSetting("; ".join(said)) from error
    except TOMLDecodeError as error:
        raise BadSetting(f"tariffwire.toml: {error}") from error


def _refuse_unknown(environment: dict[str, str]) -> None:
    for name in environment:
        plain = name.removeprefix(PREFIX).removesuffix("_FILE").lower()
        if name.startswith(TESTS_ONLY):
            continue
        if name.startswith(PREFIX) and plain not in Settings.model_fields:
            raise BadSetting(f"{name}: no such setting{_suggest(plain)}")


def _suggest(name: str) -> str:
    near = get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""


def _secrets_of_files(environment: dict[str, str]) -> dict[str, Any]:
    """`TARIFFWIRE_API_KEY_FILE=/run/secrets/key` keeps a secret out of the environment.

    The file goes before the plain setting, which an image may have a default for.
    """
    found: dict[str, Any] = {}
    for name, path in environment.items():
        if name.startswith(PREFIX) and name.endswith("_FILE"):
            plain = name.removesuffix("_FILE").removeprefix(PREFIX).lower()
            try:
                found[plain] = Path(path).read_text("utf-8").strip()
            except OSError as error:
                raise BadSetting(f"{name}: cannot read {path}: {error.strerror}") from error
    return found


def _say(one: dict[str, Any]) -> str:
    where = str(one["loc"][0]) if one["loc"] else ""
    said = str(one["msg"]).removeprefix("Value error, ")
    match one["type"]:
        case "extra_forbidden":
            return f"tariffwire.toml: {where}: no such setting{_suggest(where)}"
        case "literal_error":
            said = _say_choice(str(one["input"]), get_args(Role))
        case "string_pattern_mismatch":
            wanted = str(Settings.model_fields[where].description).rstrip(".")
            said = f"{one['input']!r} is none of these: {wanted}"
    return f"{PREFIX}{where.upper()}: {said}" if where else said


def _say_choice(given: str, known: Sequence[str]) -> str:
    near = get_close_matches(given, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{given!r} is none of {', '.join(known)}{hint}"
