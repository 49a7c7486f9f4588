"""The site file: one strict TOML file that says all an administrator sets.

A misspelled key, a wrong type or an impossible value is an error before the hub starts, with the key,
the value, the limit and, for a key, the nearest right spelling.
"""

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from classdesk_spawner import Section, SpawnerSettings

from .classes import ClassName, ClassSettings, LessonDirectory, check_classes

SITE_FILE = Path("/etc/classdesk/site.toml")


class HubSettings(Section):
    """Where the hub and its proxy listen, and where they keep their state."""

    bind_url: str = Field("http://127.0.0.1:8000", description="Address at which browsers reach the proxy.")
    api_url: str = Field(
        "http://127.0.0.1:8081",
        description="Address at which the proxy and the sessions reach the hub. "
        "With compute nodes of their own: an address of this machine that they can reach.",
    )
    proxy_api_url: str = Field(
        "http://127.0.0.1:8001",
        description="Address of the proxy's own interface; only the hub uses it.",
    )
    console_url: str = Field(
        "http://127.0.0.1:8082",
        description="Address at which the class console listens for the proxy; it runs while there are classes.",
    )
    name: str = Field(
        "classdesk",
        min_length=1,
        max_length=60,
        pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$",
        description="What the pages call this site, at the top and in their titles.",
    )
    logo: str = Field(
        "",
        pattern=r"^(/.*\.(svg|png|jpe?g|gif|webp))?$",
        description="Picture at the top of the pages: an absolute path to an SVG, PNG, JPEG, GIF or WebP file that the "
        "hub can read; empty: classdesk's own. It is shown 32 pixels high, on white in dark mode.",
    )
    state_directory: str = Field(
        "/var/lib/classdesk/hub",
        pattern="^/",
        description="Database, cookie secret and proxy token. Belongs to the hub's account, mode 0700.",
    )
    proxy_command: tuple[str, ...] = Field(
        ("/opt/classdesk/proxy/node_modules/.bin/configurable-http-proxy",),
        min_length=1,
        strict=False,
        description="configurable-http-proxy; run with the Node of the hub's own Python environment.",
    )
    novnc_directory: str = Field(
        "/opt/classdesk/proxy/node_modules/@novnc/novnc",
        pattern="^/",
        description="noVNC, with which the class console shows learners' desktops.",
    )

    @field_validator("logo")
    @classmethod
    def _is_there(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError("there is no such file")
        return value

    @field_validator("bind_url", "api_url", "proxy_api_url", "console_url")
    @classmethod
    def _is_http_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address such as http://127.0.0.1:8000")
        if parts.port is None:  # raises ValueError itself where the port is not a port
            raise ValueError("must name a port, as in http://127.0.0.1:8000")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must have no path, as in http://127.0.0.1:8000")
        return value.rstrip("/")


def address(url: str) -> tuple[str, str]:
    """Return the host and the port of one of these addresses, as text."""
    parts = urlsplit(url)
    return parts.hostname or "", str(parts.port)


class LoginSettings(Section):
    """Who may log in, and how passwords are checked."""

    pam_service: str = Field(
        "classdesk",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="PAM service that checks passwords: the name of a file in /etc/pam.d.",
    )
    allowed_groups: tuple[str, ...] = Field(
        ("classdesk-users",),
        strict=False,
        description="Unix groups whose members may log in; the sudoers file must name them too. "
        "Empty: everyone whom PAM lets in.",
    )
    admins: tuple[str, ...] = Field((), strict=False, description="User names of hub administrators.")


class LessonSettings(Section):
    """Where lesson packs come from. The hub also serves their files, so that exercises can be downloaded with wget."""

    directory: str = Field(
        "/var/lib/classdesk/image/opt/classdesk/lessons",
        pattern="^/",
        description="The image's lesson packs, as the hub finds them; sessions have them anyway.",
    )
    directories: tuple[LessonDirectory, ...] = Field(
        (),
        strict=False,
        description="Directories with further lesson packs, on the nodes and for the hub. Running desktops have a new "
        "or changed pack within half a minute. A pack in one goes before one of the same name in the image.",
    )


class Site(SpawnerSettings):
    """Everything an administrator sets."""

    hub: HubSettings = Field(default_factory=HubSettings)
    login: LoginSettings = Field(default_factory=LoginSettings)
    lessons: LessonSettings = Field(default_factory=LessonSettings)
    classes: dict[ClassName, ClassSettings] = Field(
        default_factory=dict,
        description="The classes by name, each a table `[classes.NAME]`.",
    )

    def lesson_directories(self, user: str, groups: Collection[str]) -> tuple[str, ...]:
        """Return the directories of packs for a user's sessions: those of their classes, then the site's.

        Args:
            user: The user's name.
            groups: The names of the user's groups in the hub.
        """
        own = [
            directory
            for name, class_ in self.classes.items()
            if name in groups or user in class_.instructors
            for directory in class_.lessons
        ]
        return tuple(dict.fromkeys([*own, *self.lessons.directories]))

    @property
    def all_lesson_directories(self) -> tuple[str, ...]:
        """Every directory of packs, the image's last."""
        own = [directory for class_ in self.classes.values() for directory in class_.lessons]
        return tuple(dict.fromkeys([*own, *self.lessons.directories, self.lessons.directory]))

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        check_classes(self.classes, self.form, self.login.admins)
        return self


class SiteFileError(Exception):
    """The site file cannot be used.

    Args:
        path: The file.
        problems: One line for each thing that is wrong.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join([f"The site file {path} cannot be used:", *(f"  {p}" for p in problems)]))
        self.path = path
        self.problems = tuple(problems)


def load_site(path: Path) -> Site:
    """Read and check a site file.

    Raises:
        SiteFileError: With every problem that was found.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SiteFileError(path, [f"it cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SiteFileError(path, [f"it is not UTF-8 text: {error.reason} at byte {error.start}"]) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteFileError(path, [f"it is not TOML: {error}"]) from error
    try:
        return Site.model_validate(data)
    except ValidationError as error:
        raise SiteFileError(path, list(_problems(error))) from error


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        location = problem["loc"]
        key = ".".join(str(part) for part in location) or "the file"
        if problem["type"] == "extra_forbidden":
            yield _unknown_key(location)
            continue
        message = problem["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        value = problem["input"]
        if isinstance(value, Mapping) and problem["type"] == "value_error":
            yield f"{key}: {message}"  # about several keys at once: the message names them and their values
        elif problem["type"] == "missing":
            yield f"{key}: it is required but missing"
        else:
            yield f"{key} = {value!r}: {message}"


def _unknown_key(location: tuple[int | str, ...]) -> str:
    *parents, wrong = location
    known = _keys_at(Site, parents)
    near = difflib.get_close_matches(str(wrong), known, n=1)
    place = f" in [{'.'.join(str(p) for p in parents)}]" if parents else ""
    hint = f"did you mean “{near[0]}”?" if near else f"the keys are {', '.join(known)}"
    return f"{'.'.join(str(p) for p in location)}: there is no key “{wrong}”{place}; {hint}"


def _keys_at(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Return the keys of the table at a path of keys."""
    for part in path:
        field = model.model_fields.get(str(part))
        nested = _table_model(field.annotation) if field else None
        # Inside a table of tables, such as form.interfaces, the part is a name that the site chose.
        model = nested or model
    return list(model.model_fields)


def _table_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, directly or as the values of a table."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {dict, Union, UnionType, Annotated}:
        return next((m for a in get_args(annotation) if (m := _table_model(a))), None)
    return None
