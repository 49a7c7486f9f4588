"""Settings, menus and programs of the desktop image, without a session; tests/browser/test_look.py sees them in one."""

from pathlib import Path

import pytest

from support.image import IMAGE, USER, run_in_image, shell


@pytest.mark.parametrize(
    ("schema", "key", "value", "locked"),
    [
        ("org.mate.lockdown", "disable-lock-screen", "true", True),
        ("org.mate.lockdown", "disable-user-switching", "true", True),
        ("org.mate.session", "auto-save-session", "false", True),
        ("org.mate.session", "logout-timeout", "0", True),
        ("org.mate.session", "gnome-compat-startup", "['smproxy']", True),
        ("org.mate.Marco.general", "compositing-manager", "false", True),
        ("org.mate.SettingsDaemon.plugins.xrandr", "active", "false", True),
        ("org.mate.SettingsDaemon.plugins.keyboard", "active", "false", True),
        ("org.mate.SettingsDaemon.plugins.housekeeping", "active", "false", True),
        (
            "org.mate.background",
            "picture-filename",
            "'/usr/share/backgrounds/classdesk/quiet.svg'",
            False,
        ),
        ("org.mate.interface", "gtk-theme", "'arc'", False),
        ("org.mate.interface", "icon-theme", "'papirus'", False),
        ("org.mate.Marco.general", "theme", "'arc'", False),
        ("org.mate.pluma", "insert-spaces", "true", False),
        ("org.mate.pluma", "tabs-size", "uint32 2", False),
        ("org.mate.pluma", "auto-indent", "true", False),
        ("org.mate.pluma", "display-line-numbers", "true", False),
        ("org.mate.pluma", "highlight-current-line", "true", False),
        ("org.mate.pluma", "auto-save", "true", False),
        ("org.mate.pluma", "auto-save-interval", "uint32 1", False),
        (
            "org.mate.panel.applet.window-list-previews:/org/mate/panel/objects/windows/prefs/",
            "show-window-thumbnails",
            "false",
            False,
        ),
        (
            "org.mate.terminal.profile:/org/mate/terminal/profiles/default/",
            "login-shell",
            "true",
            False,
        ),
        ("org.mate.terminal.keybindings", "zoom-in", "'<ctrl>plus'", False),
        ("org.mate.terminal.keybindings", "zoom-out", "'<ctrl>minus'", False),
        ("org.mate.panel", "toplevel-id-list", "['top']", False),
    ],
)
def test_setting_has_our_value(schema: str, key: str, value: str, locked: bool, shared_image_home: Path) -> None:
    script = f"gsettings get {schema} {key}; gsettings writable {schema} {key}"
    got, writable = shell(script, shared_image_home).stdout.strip().splitlines()
    assert got.lower() == value.lower()
    if locked:
        assert writable == "false"


def test_panel_launchers_point_at_programs_of_the_image(shared_image_home: Path) -> None:
    script = (
        "for item in $(dconf list /org/mate/panel/objects/); do"
        " dconf read /org/mate/panel/objects/${item}launcher-location; done"
    )
    files = shell(script, shared_image_home).stdout.replace("'", "").split()
    assert len(files) == 7
    assert [file for file in files if not (IMAGE / file.lstrip("/")).is_file()] == []


@pytest.mark.parametrize(
    ("kind", "program"),
    [
        ("text/x-python", "pluma"),
        ("text/plain", "pluma"),
        ("text/csv", "pluma"),
        ("application/x-ipynb+json", "pluma"),
        ("image/png", "feh"),
        ("image/jpeg", "feh"),
        ("image/svg+xml", "eom"),
        ("application/pdf", "firefox-esr"),
        ("text/html", "firefox-esr"),
        ("x-scheme-handler/http", "firefox-esr"),
        ("inode/directory", "caja"),
    ],
)
def test_file_opens_with(kind: str, program: str, shared_image_home: Path) -> None:
    output = run_in_image(["gio", "mime", kind], shared_image_home).stdout
    assert f": {program}.desktop" in output.splitlines()[0]


def test_menus_have_no_entry_with_nothing_behind_it() -> None:
    """Without gvfs and a control centre; an entry that stays would end in an error message."""
    menus = "".join(file.read_text() for file in (IMAGE / "usr/share/caja/ui").glob("*.xml"))
    assert menus
    for action in ("Change Background", "Go to Network", "Go to Computer", "Go to Trash"):
        assert f'action="{action}"' not in menus


def test_settings_of_one_session_reach_its_programs_and_not_the_home(image_home: Path) -> None:
    """What a session sets for itself, such as the scale of a screen with many pixels, ends with it."""
    script = (
        "export XDG_RUNTIME_DIR=$(mktemp -d); dbus-run-session -- sh -c '"
        "DCONF_PROFILE=session gsettings set org.mate.interface window-scaling-factor 2;"
        " gsettings get org.mate.interface window-scaling-factor'"
    )
    assert shell(script, image_home).stdout.split() == ["2"]
    assert not (image_home / ".config/dconf/user").exists()


@pytest.mark.parametrize("locale", ["de_DE", "en_GB", "en_CA", "es_ES", "fr_CA", "nb_NO", "pl_PL", "pt_BR", "sv_SE"])
def test_locale_is_there(locale: str, shared_image_home: Path) -> None:
    outcome = run_in_image(["locale", "charmap"], shared_image_home, env={"LC_ALL": f"{locale}.UTF-8"})
    assert (outcome.stdout, outcome.stderr) == ("UTF-8\n", "")


def test_xlib_knows_every_locale_of_the_image(shared_image_home: Path) -> None:
    """Where it does not, Tk's windows and all others that are drawn by Xlib alone take nothing beyond ASCII."""
    program = (
        "import ctypes, locale, sys; xlib = ctypes.CDLL('libX11.so.6')\n"
        "for name in sys.argv[1:]:\n"
        "    locale.setlocale(locale.LC_ALL, name); print(name, xlib.XSupportsLocale())\n"
    )
    listed = run_in_image(["locale", "-a"], shared_image_home).stdout.split()
    names = [name.replace("utf8", "UTF-8") for name in listed if "_" in name]
    assert len(names) >= 35
    printed = run_in_image(["python3", "-c", program, *names], shared_image_home).stdout
    assert [line for line in printed.splitlines() if not line.endswith(" 1")] == []


@pytest.mark.parametrize("zone", ["America/Halifax", "US/Eastern"], ids=["of today", "of old"])
def test_time_zone_is_there(zone: str) -> None:
    assert (IMAGE / "usr/share/zoneinfo" / zone).is_file()


@pytest.mark.parametrize("text", ["é", "ß", "ж", "λ", "日", "א", "ع", "→", "∑", "😀", "👩‍💻"])
def test_a_font_has_the_letter(text: str, shared_image_home: Path) -> None:
    listed = run_in_image(["fc-list", f":charset={ord(text[0]):x}", "family"], shared_image_home).stdout
    assert listed.strip()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ar", "كل عام وأنتم بخير"),
        ("he", "שנה טובה ומתוקה"),
        ("hi", "आप कैसे हैं? ज्ञान ही शक्ति है।"),
        ("ja", "お元気ですか。学ぶことは楽しい。"),
        ("ko", "안녕하세요? 배우는 것은 즐겁습니다."),
        ("th", "สวัสดีครับ การเรียนรู้เป็นเรื่องสนุก"),
        ("zh", "你好。学习是一件快乐的事。"),
    ],
)
def test_one_font_has_all_letters_of_a_language_s_sentence(
    language: str, sentence: str, shared_image_home: Path
) -> None:
    """One and the same, or a word would change its look from letter to letter."""
    letters = " ".join(sorted({f"{ord(letter):x}" for letter in sentence if letter != " "}))
    listed = run_in_image(["fc-list", f":charset={letters}", "family"], shared_image_home).stdout
    assert listed.strip(), f"no font for {language}"


def test_every_menu_entry_has_a_program_and_an_icon() -> None:
    """Entries that the menus show; those with NoDisplay are for double clicks only."""
    entries = [
        dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
        for file in (IMAGE / "usr/share/applications").glob("*.desktop")
    ]
    shown = [entry for entry in entries if entry.get("NoDisplay") != "true"]
    assert len(shown) >= 7
    icons = {path.stem for path in (IMAGE / "usr/share/icons").rglob("*.*")}
    icons |= {path.stem for path in (IMAGE / "usr/share/pixmaps").glob("*.*")}
    for entry in shown:
        program = entry["Exec"].split()[0]
        places = [IMAGE / "usr/bin" / program, IMAGE / program.lstrip("/")]
        assert any(place.exists() for place in places), entry["Name"]
        assert entry["Icon"] in icons, entry["Name"]


@pytest.mark.parametrize("theme", ["Papirus", "Adwaita", "hicolor"])
def test_icons_are_cached_in_the_image(theme: str) -> None:
    """A cache that is older than its directory is not used."""
    directory = IMAGE / "usr/share/icons" / theme
    cache = directory / "icon-theme.cache"
    assert cache.stat().st_mtime >= directory.stat().st_mtime


def test_windows_have_an_edge() -> None:
    """Also in the newest form of the theme, which the window manager reads."""
    theme = (IMAGE / "usr/share/themes/Arc/metacity-1/metacity-theme-3.xml").read_text()
    normal = theme.partition('<frame_geometry name="normal"')[2].partition("</frame_geometry>")[0]
    for side in ("left_width", "right_width", "bottom_height"):
        assert f'<distance name="{side}" value="1"' in normal


def test_lessons_hold_nothing_but_lessons() -> None:
    lessons = list((IMAGE / "opt/classdesk/lessons").iterdir())
    assert lessons
    assert all((lesson / "README.md").is_file() for lesson in lessons)


def test_fonts_are_cached_in_the_image(image_home: Path) -> None:
    shell("fc-match monospace && echo 'digraph { a }' | dot -Tpng -o g.png", image_home)
    assert not (image_home / ".cache/fontconfig").exists()


def test_looking_writes_nothing_into_the_home(image_home: Path) -> None:
    shell(
        "module avail; gsettings list-recursively org.mate.pluma >/dev/null; dot -V; python3 -c pass",
        image_home,
    )
    assert {file.name for file in image_home.iterdir()} <= {".cache"}


def test_browser_starts_without_gpu_and_paints_a_page(image_home: Path) -> None:
    page = image_home / "page.html"
    page.write_text("<body style='background: #008000'><script>document.title = 'ran'</script></body>")
    shot = f"/home/{USER}/shot.png"
    command = [
        "firefox-esr",
        "--headless",
        "--window-size=400,300",
        f"--screenshot={shot}",
        f"file:///home/{USER}/page.html",
    ]
    run_in_image(command, image_home, timeout_s=90)
    assert (image_home / "shot.png").read_bytes().startswith(b"\x89PNG")
