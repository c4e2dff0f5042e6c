"""Everything that an installation may set, read from the environment in one place (prefix BROADCASTER_).

Each secret may instead be given as a file: BROADCASTER_SECRET_KEY_FILE=/run/secrets/key.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from broadcaster.domain.errors import Invalid, Problem

PREFIX = "BROADCASTER_"


def on_this_machine(url: str) -> bool:
    """True for http(s)://127.x.x.x, [::1] and localhost, with any port."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


class Providers(BaseModel):
    """Credentials and addresses of the providers; the same names exist with the prefix BROADCASTER_EXERCISE_."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    twilio_account_sid: str = Field(default="", description="Twilio account (AC…).")
    twilio_auth_token: SecretStr = Field(
        default=SecretStr(""), description="Twilio's secret; also signs its callbacks."
    )
    twilio_from: str = Field(
        default="", description="Senders of the life-safety lane: `+E164|NAME|MG…[=rate]`, comma-separated."
    )
    twilio_from_info: str = Field(default="", description="Senders of the information lane; empty: the same.")
    twilio_api_url: str = Field(default="", description="Another address than https://api.twilio.com, for drills.")
    sinch_service_plan_id: str = Field(default="", description="Sinch service plan: a second carrier of texts.")
    sinch_api_token: SecretStr = Field(default=SecretStr(""), description="The service plan's API token.")
    sinch_from: str = Field(
        default="", description="Senders of the life-safety lane there: `+E164|NAME[=rate]`, comma-separated."
    )
    sinch_from_info: str = Field(default="", description="Senders of the information lane there; empty: the same.")
    sinch_region: str = Field(
        default="us", pattern="^(us|eu|au|br|ca)$", description="Where the service plan is: us, eu, au, br or ca."
    )
    sinch_callback_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs Sinch's callbacks, where the account asks for that."
    )
    sinch_api_url: str = Field(
        default="", description="Another address than https://REGION.sms.api.sinch.com, for drills."
    )
    x_consumer_key: str = Field(default="", description="X app key.")
    x_consumer_secret: SecretStr = Field(default=SecretStr(""), description="X app secret.")
    x_access_token: SecretStr = Field(default=SecretStr(""), description="Token of the X account that posts.")
    x_access_secret: SecretStr = Field(default=SecretStr(""), description="Secret of that token.")
    x_api_url: str = Field(default="", description="Another address than https://api.twitter.com, for drills.")
    facebook_page_id: str = Field(default="", description="The Facebook page that posts.")
    facebook_page_token: SecretStr = Field(
        default=SecretStr(""), description="A page access token that does not expire."
    )
    facebook_app_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs each Graph call (appsecret_proof)."
    )
    facebook_api_url: str = Field(
        default="", description="Another address than https://graph.facebook.com, for drills."
    )
    facebook_api_version: str = Field(default="v25.0", description="Graph API version.")

    @property
    def away(self) -> tuple[str, ...]:
        """Accounts that are set up at a provider which is not on this machine: what goes there may reach people."""
        given = {
            "twilio": (self.twilio_account_sid, self.twilio_api_url),
            "sinch": (self.sinch_service_plan_id, self.sinch_api_url),
            "x": (self.x_access_token.get_secret_value(), self.x_api_url),
            "facebook": (self.facebook_page_id, self.facebook_api_url),
        }
        return tuple(name for name, (account, url) in given.items() if account and not on_this_machine(url))

    def secrets(self) -> dict[str, str]:
        """Name → value of what identifies an account or proves it; empty ones left out."""
        names = (
            "twilio_account_sid",
            "twilio_auth_token",
            "sinch_service_plan_id",
            "sinch_api_token",
            "sinch_callback_secret",
            "x_access_token",
            "x_access_secret",
            "facebook_page_token",
        )
        plain = {name: getattr(self, name) for name in names}
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in plain.items()
            if (value.get_secret_value() if isinstance(value, SecretStr) else value)
        }


class Settings(BaseModel):
    """One installation. Paths are as given; relative ones are below the working directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Path = Field(default=Path("profiles/brisbane.yaml"), description="The city: one YAML file.")
    database_url: SecretStr = Field(default=SecretStr(""), description="PostgreSQL URL; empty: SQLite under VAR_DIR.")
    redis_url: SecretStr = Field(
        SecretStr(""), description="Valkey or Redis URL; empty: the embedded one under VAR_DIR."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Signs sessions and tokens; 32 random characters or more."
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="Address of the console and callbacks, as providers see it."
    )
    status_url: str = Field(default="", description="Address of the public pages; empty: PUBLIC_URL/status.")
    var_dir: Path = Field(default=Path("var"), description="Where this installation keeps its data.")
    status_dir: Path | None = Field(default=None, description="Public files; empty: VAR_DIR/public.")
    exercise_status_dir: Path | None = Field(
        default=None, description="Public files of exercises; empty: VAR_DIR/exercise."
    )
    backup_dir: Path | None = Field(default=None, description="Where backups go; empty: none are made.")
    geocoder_url: str = Field(default="", description="A Nominatim server; empty: addresses cannot be looked up.")
    map_tiles: str = Field(
        default="",
        pattern=r"^(|.+\.pmtiles|https?://[^/\s;,]+/\S*\{z\}\S*)$",
        description="What lies under the zones on the map: a PMTiles file of pictures, or a tile server's address with {z}, {x}, {y}.",
    )
    map_attribution: str = Field(
        default="", max_length=200, description="Whose map that is, as its licence wants it said."
    )
    sms_rate: float | None = Field(
        None, gt=0, description="Texts a second over all workers; empty: the senders' own rates."
    )
    sms_in_flight: int = Field(
        1024, ge=1, description="Requests at a provider of texts at the same time, over all workers."
    )
    second_step: str = Field(
        default="required",
        pattern="^(required|offered)$",
        description="Second step at the log-in of approvers and admins; `offered` only where every provider is on this machine.",
    )
    oidc_issuer: str = Field(default="", description="OpenID Connect provider of the organisation; empty: none.")
    oidc_client_id: str = Field(default="", description="What the provider calls this console.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="The secret that goes with it.")
    live: Providers = Field(default_factory=Providers)
    exercise: Providers = Field(default_factory=Providers)

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value() or f"sqlite:///{(self.var_dir / 'broadcaster.db').absolute()}"

    @property
    def redis(self) -> str:
        return self.redis_url.get_secret_value() or f"unix://{quote(str((self.var_dir / 'valkey.sock').absolute()))}"

    @property
    def status_address(self) -> str:
        return (self.status_url or f"{self.public_url.rstrip('/')}/status").rstrip("/")

    def public_address(self, live: bool) -> str:
        """Where residents, or those who practise, find the public pages; without a slash at the end."""
        return self.status_address if live else f"{self.public_url.rstrip('/')}/status-exercise"

    def status_root(self, live: bool) -> Path:
        if live:
            return self.status_dir or self.var_dir / "public"
        return self.exercise_status_dir or self.var_dir / "exercise"

    def providers(self, live: bool) -> Providers:
        return self.live if live else self.exercise


#: Names that start like provider names once the prefix and EXERCISE_ are gone.
_PROVIDER_FIELDS = frozenset(Providers.model_fields)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Invalid names every variable that is wrong or unknown to us, never its value."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {"live": {}, "exercise": {}}
    problems: list[Problem] = []
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or not value.strip():
            continue
        key, problem = _place(name.removeprefix(PREFIX).lower())
        if problem:
            problems.append(Problem(name, problem, "See .env.example for all names."))
            continue
        text = _from_file(name, value, problems) if key[2] else value
        if text:
            (values[key[0]] if key[0] else values)[key[1]] = text.strip()
    if not problems:
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            problems = [
                Problem(PREFIX + "_".join(map(str, each["loc"])).upper().replace("LIVE_", ""), each["msg"])
                for each in error.errors()
            ]
        else:
            problems = [*_equal_secrets(settings), *_open_doors(settings)]
            if not problems:
                return settings
    raise Invalid(problems)


def _place(name: str) -> tuple[tuple[str, str, bool], str]:
    """Return ((group, field, read from a file), problem) of a lower-case name without its prefix."""
    is_file = name.endswith("_file")
    bare = name.removesuffix("_file") if is_file else name
    if bare in _PROVIDER_FIELDS:
        return ("live", bare, is_file), ""
    if bare.removeprefix("exercise_") in _PROVIDER_FIELDS and bare.startswith("exercise_"):
        return ("exercise", bare.removeprefix("exercise_"), is_file), ""
    if bare in Settings.model_fields and bare not in ("live", "exercise"):
        return ("", bare, is_file), ""
    return ("", bare, is_file), "there is no such setting"


def _from_file(name: str, path: str, problems: list[Problem]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(name, f"cannot read {path}: {error.__class__.__name__}", "Name a readable text file."))
        return ""


def _equal_secrets(settings: Settings) -> list[Problem]:
    """An exercise that could reach a live account is refused before anything starts (SECURITY R3)."""
    live, exercise = settings.live.secrets(), settings.exercise.secrets()
    problems = [
        Problem(f"{PREFIX}EXERCISE_{name.upper()}", "is the same as the live one", "Use another account, or unset it.")
        for name, value in exercise.items()
        if live.get(name) == value
    ]
    if settings.status_root(True).absolute() == settings.status_root(False).absolute():
        problems.append(
            Problem(f"{PREFIX}EXERCISE_STATUS_DIR", "is the same folder as STATUS_DIR", "Name another folder.")
        )
    return problems


def _open_doors(settings: Settings) -> list[Problem]:
    """Log-ins that would be weaker than they look are refused before anything starts."""
    problems = []
    if settings.second_step == "offered" and (away := settings.live.away):
        problems.append(
            Problem(
                f"{PREFIX}SECOND_STEP",
                f"must be required: live alerts go to {', '.join(away)}",
                "Unset it, or use providers on this machine.",
            )
        )
    secret = settings.oidc_client_secret.get_secret_value()
    if len({bool(settings.oidc_issuer), bool(settings.oidc_client_id), bool(secret)}) > 1:
        cure = "Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them."
        problems.append(Problem(f"{PREFIX}OIDC_ISSUER", "is half set up", cure))
    if settings.oidc_issuer and not (
        settings.oidc_issuer.startswith("https://") or on_this_machine(settings.oidc_issuer)
    ):
        problems.append(Problem(f"{PREFIX}OIDC_ISSUER", "is not https", "Give the provider's https:// address."))
    return problems
