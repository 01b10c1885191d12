"""Settings: `ONESHELF_*` variables over `oneshelf.toml` in the data folder over these defaults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from oneshelf.errors import InvalidInput, SettingsError
from oneshelf.words.money import check_currency
from oneshelf.words.time import check_aware, zone

#: The one settings file, looked for in the data folder.
SETTINGS_FILE = "oneshelf.toml"


class Settings(BaseSettings):
    """What an operator can set. `oneshelf doctor` prints what is in force."""

    model_config = SettingsConfigDict(env_prefix="ONESHELF_", extra="forbid", frozen=True)

    data: Path = Field(Path("shop-data"), description="The data folder: books, lake, outgoing files.")
    database: str | None = Field(
        None,
        description="Where the books are: a SQLAlchemy URL (postgresql+psycopg://...). Default: books.db in the data folder.",
    )
    engine: str = Field(
        "duckdb",
        description="What runs analysis: duckdb, local[2] (Spark in this process), spark://host:7077 or sc://host:15002.",
    )
    time_zone: str = Field(
        "UTC", description="The zone of places that name none; it decides their business day."
    )
    clock: datetime | None = Field(
        None,
        description="Take this moment for now, so that old data can be looked at as on its own day (demo, replay).",
    )
    currency: str = Field("USD", description="The currency of amounts that name none (ISO 4217).")
    holidays: tuple[date, ...] = Field(
        (),
        description="Public holidays, past and to come, that forecasts should know of: [2026-05-01, 2026-12-25].",
    )
    tiers: Path | None = Field(
        None, description="The file with the rules of the tiers. Default: the one that OneShelf comes with."
    )
    calendar: Path | None = Field(
        None,
        description="A CSV file of holidays, events and closed days (day, name, kind, place_id, closed), known to forecasts and plans. Default: calendar.csv in the data folder, where there is one.",
    )
    move_minor: int | None = Field(
        None,
        ge=0,
        description="What bringing one piece from one place of ours to another costs, in minor units. Plans then propose such moves; empty: they do not.",
    )
    receiving_packs: tuple[tuple[str, int], ...] = Field(
        (),
        description='How many packs places can take in on a day, where that is limited by room or hands: [["store-1", 400]].',
    )
    trip_minor: int = Field(
        0,
        ge=0,
        description="What a trip between two places costs besides, in minor units, whatever it takes.",
    )
    host: str = Field("127.0.0.1", description="The address that `oneshelf serve` binds to.")
    port: int = Field(8321, ge=0, le=65535, description="The port that `oneshelf serve` binds to.")
    public_url: str | None = Field(
        None, description="How people reach the console from outside, such as https://shelf.example."
    )
    batch_bytes_max: int = Field(
        500_000, ge=1_000, description="Largest body of /v1/batch, as in the Segment spec."
    )
    event_bytes_max: int = Field(
        32_000, ge=1_000, description="Largest single event, as in the Segment spec."
    )
    rate_per_minute: int = Field(
        600_000, ge=1, description="Tracking requests a write key may make in a minute."
    )
    session_hours: int = Field(
        12, ge=1, le=720, description="How long a console session lasts without a click."
    )
    matching_precision: float = Field(
        0.9,
        ge=0.5,
        lt=1,
        description="Pairs of people are proposed as one person when they are at least this probably one, so that of those proposed at least this share is right.",
    )
    matching_memory: str = Field(
        "2GB", pattern=r"^[1-9]\d*(MB|GB)$", description="The memory that people-matching may take."
    )
    webhook_url: str | None = Field(None, description="Where the webhook channel posts messages.")
    webhook_secret: SecretStr | None = Field(
        None, description="The secret with which the webhook channel signs."
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer URL of an OpenID Connect provider; empty: local users only."
    )
    oidc_client_id: str | None = Field(None, description="Our client id at that provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Our client secret at that provider.")
    oidc_role_claim: str = Field("oneshelf_role", description="The claim that holds a person's role.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("clock")
    @classmethod
    def _aware_clock(cls, value: datetime | None) -> datetime | None:
        return value if value is None else check_aware(value, "clock")

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        return check_currency(value)

    @property
    def database_url(self) -> str:
        """The URL of the books, whether set or the embedded default."""
        return self.database or f"sqlite:///{self.data / 'books.db'}"

    @property
    def lake(self) -> Path:
        """The folder of the lake."""
        return self.data / "lake"

    @property
    def outgoing(self) -> Path:
        """The folder into which the file channel writes."""
        return self.data / "outgoing"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the data folder's TOML file."""
        given = {**env_settings(), **init_settings()}
        folder = Path(given.get("data", "shop-data"))
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, folder / SETTINGS_FILE))


_T = TypeVar("_T")


def read_file(
    setting: str,
    called: str,
    path: Path,
    read: Callable[[str], _T],
    *,
    remedy: str,
    encoding: str = "utf-8",
) -> _T:
    """What `read` makes of the text of a file that a setting names. Raises SettingsError, with everything that is wrong in the file."""
    try:
        return read(path.read_text(encoding=encoding))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The {called} {path} cannot be read: {error}.", f"Check the setting {setting}."
        ) from None
    except InvalidInput as error:
        raise SettingsError(
            f"The {called} {path} cannot be used: {'; '.join(map(str, error.problems)) or error.cause}",
            remedy,
        ) from error


def read_settings(**given: object) -> Settings:
    """Read the settings in force, or raise SettingsError that names every wrong one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise SettingsError(
            f"Settings cannot be used: {wrong}.", "Run `oneshelf doctor --help` for every setting."
        ) from None
    except InvalidInput as error:
        raise SettingsError(error.cause, error.remedy) from error
