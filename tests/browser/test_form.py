"""The start form as learners meet it: presets, limits, refusals, keyboard, small screens, no JavaScript."""

import re
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import expect

from support import faults
from support.browser import Learner, SitDown
from support.world import Hub, command, job_ids, slurm, wait_until

DESKTOP = {"User interface": "Desktop", "Number of cores": "2", "Time (hours)": "3"}
LAB = {"User interface": "JupyterLab", "Number of cores": "1", "Time (hours)": "1"}


@pytest.fixture
def learner(sit_down: SitDown) -> Learner:
    return sit_down("learner02")


@pytest.mark.usefixtures("no_last_choice")
def test_every_field_has_its_label_and_the_site_s_preset(sit_down: SitDown) -> None:
    learner = sit_down("learner04")
    labels = learner.page.locator("#spawn_form label").all_inner_texts()
    assert labels == ["User interface", "Number of cores", "Time (hours)"]
    fields = learner.page.locator("#spawn_form").locator("input, select, textarea")
    named = [
        field.get_attribute("name") for field in fields.all() if field.evaluate("field => field.labels.length === 1")
    ]
    assert named == ["ui", "cores", "hours"], "each field has one label"
    assert fields.count() == len(named)
    offered = learner.page.get_by_label("User interface").locator("option").all_inner_texts()
    assert offered == ["Desktop", "JupyterLab", "Terminal"]
    assert learner.form() == DESKTOP


def test_the_button_is_orange_readable_and_at_the_bottom(learner: Learner) -> None:
    button = learner.page.get_by_role("button", name="Start", exact=True)
    box = button.bounding_box()
    assert box
    with Image.open(learner.screenshot("button")) as image:
        pixel = image.convert("RGB").getpixel((int(box["x"]) + 20, int(box["y"] + box["height"] / 2)))
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    assert red > 220, "orange"
    assert 90 < green < 180
    assert blue < 80
    ink = button.evaluate("button => getComputedStyle(button).color")
    assert contrast(pixel, tuple(int(n) for n in re.findall(r"\d+", ink)[:3])) >= 4.5
    for field in learner.page.locator("#spawn_form").locator("input, select").all():
        above = field.bounding_box()
        assert above
        assert above["y"] + above["height"] <= box["y"]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast of two colours as WCAG 2.2 defines it; 4.5 is the least for text."""

    def luminance(colour: tuple[int, ...]) -> float:
        red, green, blue = (
            c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_choosing_an_interface_sets_its_preset(learner: Learner) -> None:
    about = learner.page.locator("#classdesk-ui-about")
    expect(about).to_have_text(re.compile("Linux desktop"))
    learner.choose("JupyterLab")
    assert learner.form() == LAB
    expect(about).to_have_text(re.compile("^Notebooks"))
    expect(learner.page.get_by_label("Number of cores")).to_have_attribute("placeholder", "1")
    learner.choose("Terminal")
    assert learner.form()["User interface"] == "Terminal"
    learner.choose("Desktop")
    assert learner.form() == DESKTOP


def test_choosing_a_partition_sets_its_limits(sit_down: SitDown, hub: Hub) -> None:
    slurm("scontrol", "create", "PartitionName=short", "Nodes=localhost", "MaxTime=30")
    try:
        with faults.site('[form.fields.partition]\nshow = "shown"', hub):
            learner = sit_down("learner04")
            page = learner.page
            hours = page.get_by_label("Time (hours)")
            hours.fill("2")
            page.get_by_label("Partition").select_option("short")
            assert (hours.get_attribute("max"), hours.input_value()) == ("0.5", "0.5")
            learner.screenshot("partition")
            hours.fill("0.25")
            page.get_by_label("Partition").select_option("class")
            assert hours.input_value() == "0.25", "what was typed stays where it can"
            assert float(hours.get_attribute("max") or 0) > 1
            hours.fill("2")
            assert hours.evaluate("field => field.validity.valid")
    finally:
        slurm("scontrol", "delete", "PartitionName=short")


def test_the_keyboard_alone_is_enough(learner: Learner) -> None:
    page = learner.page
    page.get_by_label("User interface").focus()
    page.keyboard.press("J")
    assert learner.form() == LAB
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("1.5")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    learner.wait_for_session("desktop/lab/")
    assert limits(learner) == ("2", "01:30:00")


def test_a_link_presets_the_form_and_starts_nothing(learner: Learner) -> None:
    learner.open_form("?ui=desktop&cores=1&hours=2")
    assert learner.form() == {**DESKTOP, "Number of cores": "1", "Time (hours)": "2"}
    learner.open_form("?ui=lab")
    assert learner.form() == LAB
    assert not job_ids(learner.name)


def test_a_bad_link_is_told_and_starts_nothing(learner: Learner) -> None:
    learner.page.goto(f"{learner.hub.url}/hub/spawn?ui=desktop&cores=9999")
    expect(learner.page.locator("body")).to_contain_text("Number of cores")
    assert not job_ids(learner.name)


def test_the_last_choice_is_offered_again(learner: Learner) -> None:
    learner.start("Terminal", cores="2", hours="0.5")
    learner.stop()
    learner.open_form()
    assert learner.form() == {
        "User interface": "Terminal",
        "Number of cores": "2",
        "Time (hours)": "0.5",
    }


def test_a_narrow_screen_shows_all_without_scrolling_sideways(sit_down: SitDown) -> None:
    learner = sit_down("learner02", viewport={"width": 375, "height": 667}, has_touch=True)
    learner.screenshot("narrow")
    assert learner.page.evaluate("document.documentElement.scrollWidth") == 375
    button = learner.page.get_by_role("button", name="Start", exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert box["height"] >= 40, "large enough for a finger"


@pytest.mark.parametrize(
    ("ui", "expected"),
    [("Desktop", ("2", "03:00:00")), ("JupyterLab", ("1", "01:00:00"))],
    ids=["desktop", "lab"],
)
def test_without_javascript_the_server_fills_empty_fields(
    sit_down: SitDown, ui: str, expected: tuple[str, str]
) -> None:
    learner = sit_down("learner02", java_script_enabled=False)
    learner.open_form()
    learner.choose(ui, cores="", hours="")
    learner.press_start()
    wait_until(lambda: job_ids(learner.name), 15, "the job is there")
    learner.page.wait_for_url(re.compile(rf"/hub/spawn-pending/{learner.name}|/user/{learner.name}/"))
    assert limits(learner) == expected


def limits(learner: Learner) -> tuple[str, str]:
    """Cores and time limit of the learner's job."""
    (job,) = job_ids(learner.name)
    facts = dict(re.findall(r"(\w+)=(\S+)", slurm("scontrol", "show", "job", job)))
    return facts["NumCPUs"], facts["TimeLimit"]


@pytest.mark.parametrize(
    ("filled", "sentence"),
    [
        ({"cores": "0"}, "Number of cores: you asked for 0; the least is 1."),
        ({"cores": "two"}, "Number of cores: “two” is not a whole number."),
        ({"cores": "1e3"}, "Number of cores: “1e3” is not a whole number."),
        ({"cores": "99"}, "Number of cores: you asked for 99; the most that"),
        ({"hours": "1e9"}, "Time (hours): “1e9” is not a number of hours"),
        ({"hours": "1000"}, "Time (hours): you asked for 1000; the most that"),
        (
            {"hours": "3\r\n#SBATCH --nodes=9"},
            "Time (hours): “3\\r\\n#SBATCH --nodes=9” is not a number",
        ),
        ({"cores": "$(reboot)"}, "Number of cores: “$(reboot)” is not a whole number."),
        ({"cores": "2; id > /tmp/owned"}, "Number of cores: “2; id > /tmp/owned” is not a whole"),
        ({"ui": "../../x"}, "User interface: “../../x” does not exist. Choose one of"),
        ({"ui": "desktop\r\n--uid=0"}, "User interface: “desktop\\r\\n--uid=0” does not exist."),
        ({"ui": "`id`"}, "User interface: “`id`” does not exist."),
        ({"nodes": "9"}, "There is no option “nodes”."),
    ],
    ids=lambda value: re.sub(r"\W+", " ", str(value)).strip()[:24] if isinstance(value, dict) else "",
)
def test_a_bad_value_is_refused_with_a_sentence_and_the_form_as_it_was(
    learner: Learner, filled: dict[str, str], sentence: str
) -> None:
    given = {"ui": "lab", "cores": "2", "hours": "1.5", **filled}
    post(learner, given)
    page = learner.page
    expect(page.locator("#classdesk-refusal")).to_contain_text(sentence)
    assert not job_ids(learner.name)
    for name in ("cores", "hours"):
        expect(page.locator(f"[name={name}]")).to_have_attribute("value", given[name].replace("\r\n", "\n"))
    if "ui" not in filled:
        expect(page.locator("[name=ui]")).to_have_value("lab")
    learner.choose("Desktop")
    assert learner.form() == DESKTOP, "the form goes on working"


def test_a_refusal_can_be_read(learner: Learner) -> None:
    learner.open_form()
    learner.choose("Desktop", cores="2", hours="7")
    learner.page.evaluate("document.getElementById('spawn_form').noValidate = true")
    learner.choose(hours="99")
    learner.press_start()
    expect(learner.page.get_by_role("alert")).to_contain_text("you asked for 99; the most that")
    learner.screenshot("refusal")
    assert learner.form() == {**DESKTOP, "Time (hours)": "99"}
    assert not job_ids(learner.name)


def post(learner: Learner, values: dict[str, str]) -> None:
    """Sends a form with our own values from the browser, past its own checks, and shows the answer."""
    learner.open_form()
    learner.page.evaluate(
        """(values) => {
            const form = document.getElementById("spawn_form");
            form.querySelectorAll("[name]").forEach((field) => {
                if (field.name !== "_xsrf") field.remove();
            });
            for (const [name, value] of Object.entries(values)) {
                const field = document.createElement("textarea");
                field.name = name;
                field.value = value;
                form.append(field);
            }
            form.submit();
        }""",
        values,
    )
    expect(learner.page.locator("#classdesk-refusal")).to_be_visible()


def test_a_form_without_the_page_s_token_is_refused(learner: Learner, hub: Hub) -> None:
    answer = learner.context.request.post(f"{hub.url}/hub/spawn", form={"ui": "desktop"})
    assert answer.status == 403
    assert not job_ids(learner.name)


def test_a_rest_start_with_unknown_keys_is_refused(learner: Learner, hub: Hub) -> None:
    answer = learner.context.request.post(
        f"{hub.url}/hub/api/users/{learner.name}/server",
        headers=learner.api_headers(),
        data={"ui": "desktop", "cmd": ["/bin/sh"]},
    )
    assert answer.status == 400, answer.text()
    assert "There is no option “cmd”" in answer.json()["message"]
    assert not job_ids(learner.name)


@pytest.fixture
def reservation() -> Iterator[str]:
    """One of the learner's, which begins in two hours."""
    slurm(
        "scontrol", "create", "reservation", "reservationname=later", "starttime=now+120minutes", "duration=60",
        "users=learner02", "nodes=localhost", "flags=ignore_jobs",
    )  # fmt: skip
    yield "later"
    command("scontrol", "delete", "reservationname=later")


def test_the_times_of_a_reservation_are_those_of_the_reader_s_clock(sit_down: SitDown, reservation: str) -> None:
    learner = sit_down("learner02", timezone_id="Asia/Kolkata")
    page = learner.page
    moment = r"\d\d:\d\d your time( on \d\d \w+)?"
    choice = page.get_by_label("Reservation").locator(f"option[value={reservation}]")

    def is_offered() -> bool:
        learner.open_form()
        return choice.count() == 1

    wait_until(is_offered, 90, "the hub, which asks Slurm now and then, offers the reservation")
    expect(choice).to_have_text(re.compile(rf"^later \({moment} to {moment}\)$"))
    page.get_by_label("Reservation").select_option(reservation)
    learner.screenshot("reservation")
    learner.press_start()
    message = page.locator("#classdesk-message")
    expect(message).to_contain_text(re.compile(rf"the reservation starts at {moment}"), timeout=60_000)
    learner.screenshot("reservation-waiting")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/hub/home**")


def test_a_wrong_password_is_told(sit_down: SitDown) -> None:
    learner = sit_down("learner02", logged_in=False)
    learner.try_to_log_in("not the password")
    expect(learner.page.locator("body")).to_contain_text("Invalid username or password")
    learner.screenshot("wrong-password")
    expect(learner.page.get_by_label("Password")).to_be_visible()


def test_slurm_down_at_start_is_a_page_that_says_so(learner: Learner, make_up: Callable[[], Hub]) -> None:
    supervisor = ["/opt/classdesk/venv/bin/supervisorctl", "-c", "/etc/classdesk/supervisord.conf"]
    command(*supervisor, "stop", "slurmctld")
    try:
        learner.choose("Desktop")
        learner.press_start()
        expect(learner.page.locator("h1")).to_have_text("Your session could not start", timeout=60_000)
        expect(learner.page.get_by_role("alert")).to_contain_text("cluster")
        expect(learner.page.locator("body")).not_to_contain_text(re.compile("500|Traceback"))
        learner.screenshot("slurm-down")
    finally:
        make_up()
    # The hub goes on: the same learner can start now.
    learner.start("Terminal")
