"""Take the pictures of the guide: start the demo in a temporary folder, play a conversation and a campaign in it.

    make shots                      all pictures, into docs/pictures/
    make shots WAPTO_SHOTS=/tmp/x   somewhere else

The last ones are taken by the example of the guide itself, which is a test (tests/e2e/test_people_and_plans.py).

Needs Chromium and a font with emoji (Debian: chromium, fonts-noto-color-emoji).
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.shots_reach import show_reach  # noqa: E402
from tests.e2e import pictures  # noqa: E402
from tests.e2e.review_rows import OWNER, PASSWORD, prepare  # noqa: E402

PICTURES = Path(os.environ.get("WAPTO_SHOTS") or ROOT / "docs" / "pictures")
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 420.0
PATIENCE_MS = 15_000
LOGIN = re.compile(r"User login:\s+(\S+)\s+password: (\S+)")
HOUR = 3600

Json = dict[str, Any]


@dataclass
class Demo:
    """A running ``wapto run --demo`` and its owner's login."""

    url: str
    data: Path
    log: Path
    email: str = ""
    password: str = ""


def main() -> None:
    chromium = needed_programs()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="wapto-shots-") as folder,
        running_demo(Path(folder)) as demo,
        running_for_a_month(Path(folder)) as busy,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            photograph(browser, demo)
            show_the_month(browser, busy)
        finally:
            browser.close()
    walk()


def needed_programs() -> str:
    """Chromium's path. Ends with what to install when something is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    missing = [] if chromium else ["chromium"]
    if not has_emoji():
        missing.append("fonts-noto-color-emoji")
    if missing or chromium is None:
        sys.exit(f"The pictures need {' and '.join(missing)}. Install: apt-get install {' '.join(missing)}")
    return chromium


def has_emoji() -> bool:
    lister = shutil.which("fc-list")
    if lister is None:
        return any(Path("/usr/share/fonts").rglob("*Emoji*"))
    listed = subprocess.run([lister, ":lang=und-zsye"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    with running(folder / "demo", "--demo") as demo:
        found = LOGIN.search(demo.log.read_text())
        assert found, demo.log.read_text()
        demo.email, demo.password = found.groups()
        yield demo


@contextmanager
def running_for_a_month(folder: Path) -> Iterator[Demo]:
    """A workspace in which four agents have worked for a month."""
    prepare(folder / "month")
    with running(folder / "month") as busy:
        busy.email, busy.password = OWNER, PASSWORD
        yield busy


@contextmanager
def running(data: Path, *options: str) -> Iterator[Demo]:
    """``wapto run`` with this data folder."""
    port = free_port()
    demo = Demo(f"http://127.0.0.1:{port}", data, data.with_suffix(".log"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAPTO_")}
    environment = clean | {"WAPTO_DATA_DIR": str(data), "WAPTO_PORT": str(port)}
    with demo.log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "wapto_app.cli", "run", *options],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_it_answers(demo, process)
        yield demo
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(demo: Demo, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Wapto answers" not in demo.log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"Wapto did not start:\n{demo.log.read_text()}")
        time.sleep(0.2)


def photograph(browser: Browser, demo: Demo) -> None:
    page = new_page(browser, demo)
    login_page(page)
    sign_in(page, demo)
    fill_inbox(page)
    talk_to_maya(page)
    light_and_dark(page, "inbox", ready="message")
    fail_a_message(page)
    page.goto("/integrations")
    expect(page.get_by_test_id("number")).to_be_visible()
    light_and_dark(page, "integrations", ready="number")
    page.goto("/integrations/connect")
    expect(page.get_by_label("Phone number id")).to_be_visible()
    shoot(page, "connect")
    show_people_and_plans(page)
    show_the_phone(page)
    show_on_a_phone(browser, demo, page)
    page.set_viewport_size(DESK)
    show_reach(page, demo.data, lambda path, body: phone(page, path, body), shoot_quietly)


def new_page(browser: Browser, demo: Demo, **options: Any) -> Page:
    context = browser.new_context(
        base_url=demo.url,
        timezone_id=where_it_is_morning(),
        **{"viewport": DESK, "color_scheme": "light", **options},
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    return context.new_page()


def where_it_is_morning() -> str:
    """Nobody shows a flat at four in the night. The sign of these names is the opposite of the usual one."""
    east = (10 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


def login_page(page: Page) -> None:
    page.goto("/login")
    expect(page.get_by_label("E-mail").first).to_be_visible()
    page.set_viewport_size({"width": 900, "height": 640})
    shoot(page, "login")
    page.set_viewport_size(DESK)


def sign_in(page: Page, demo: Demo) -> None:
    page.get_by_label("E-mail").first.fill(demo.email)
    page.get_by_label("Password", exact=True).first.fill(demo.password)
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_url(re.compile("/inbox"))
    expect(page.get_by_test_id("conversation-row").first).to_be_visible()


def phone(page: Page, path: str, body: Json | None = None) -> Any:
    """What the customers' phone does, over the sandbox's own HTTP."""
    answer = page.request.post(f"/sandbox/{path}", data=body or {})
    assert answer.ok, answer.text()
    return answer.json()


def says(page: Page, customer: str, text: str, **more: Any) -> Json:
    wish = {"type": "text", "text": text, **more}
    written: Json = phone(page, f"phone/customers/{customer}/messages", wish)
    return written


def fill_inbox(page: Page) -> None:
    """Three more customers, who wrote some hours ago."""
    expect(page.get_by_test_id("conversation-row")).to_have_count(3)
    earlier = (
        ("c4", 19.4, "Bom dia! Tem garagem para duas bicicletas?"),
        ("c5", 1.7, "¿Puedo llevar a mi perro? 🐕"),
        ("c6", 0.9, "Thank you, the keys work fine."),
    )
    for customer, hours, text in earlier:
        phone(page, "control/faults", {"clock_offset_seconds": -hours * HOUR})
        says(page, customer, text)
    phone(page, "control/faults", {"clock_offset_seconds": 0})
    expect(page.get_by_test_id("conversation-row")).to_have_count(6)
    for words, answer in (("keys work", "Glad to hear it, Noor!"), ("perro", "¡Claro que sí! 😊")):
        open_chat(page, words)
        write(page, answer)
    phone(page, "phone/customers/c6/open")


def open_chat(page: Page, words: str) -> None:
    page.get_by_test_id("conversation-row").filter(has_text=words).click()
    expect(page.get_by_test_id("composer-text")).to_be_visible()
    expect(page.get_by_test_id("message").filter(has_text=words).first).to_be_visible()


def write(page: Page, text: str) -> None:
    page.get_by_test_id("composer-text").fill(text)
    page.get_by_test_id("composer-text").press("Enter")
    expect(page.get_by_test_id("composer-text")).to_have_value("")
    last = page.get_by_test_id("message").last
    expect(last).to_have_attribute("data-status", re.compile("delivered|read"))


def talk_to_maya(page: Page) -> None:
    open_chat(page, "Harbour Street")
    write(page, "Good morning Maya! Yes, it is: *two rooms, 64 m²*, with a balcony over the water.")
    says(page, "c1", "That sounds lovely. Could I come and see it on Saturday? 🙂")
    expect(page.get_by_test_id("message")).to_have_count(3)
    send_plan(page, "Saturday at 11 is free. This is the floor plan.")
    plan = chat(page, "c1")[-1]
    phone(page, "phone/customers/c1/open")
    wish = {"type": "reaction", "message_id": plan["wamid"], "emoji": "❤️"}
    phone(page, "phone/customers/c1/messages", wish)
    says(page, "c1", "Eleven is perfect. Is this the right door?", reply_to=plan["wamid"])
    place = {"latitude": 53.5436, "longitude": 9.9845, "name": "12 Quay Street"}
    says(page, "c1", "", **{"type": "location", **place})
    expect(page.get_by_test_id("message")).to_have_count(6)
    write(page, "Exactly there. Ring the bell twice. See you on Saturday!")
    phone(page, "phone/customers/c1/open")
    expect(page.get_by_test_id("message").last).to_have_attribute("data-status", "read")
    expect(page.get_by_test_id("reactions")).to_be_visible()
    panel = page.get_by_role("complementary", name="Contact")
    panel.get_by_role("button", name="Write what your team should know").click()
    panel.get_by_role("textbox", name="Notes").fill(
        "Looks for two rooms near the water, from March.\nPrefers mornings."
    )
    page.keyboard.press("Control+Enter")
    expect(panel.get_by_role("button", name=re.compile("Prefers mornings"))).to_be_visible()


def chat(page: Page, customer: str) -> list[Json]:
    answer = page.request.get(f"/sandbox/phone/customers/{customer}/messages")
    found: list[Json] = answer.json()["messages"]
    return found


def send_plan(page: Page, caption: str) -> None:
    file: Any = {"name": "floor-plan.png", "mimeType": "image/png", "buffer": floor_plan()}
    page.get_by_test_id("composer-file").set_input_files(file)
    expect(page.get_by_text("Ready")).to_be_visible()
    write(page, caption)
    expect(page.get_by_test_id("picture")).to_be_visible()


def floor_plan() -> bytes:
    image = Image.new("RGB", (720, 440), (250, 250, 246))
    draw = ImageDraw.Draw(image)
    wall, thin = (52, 60, 66), (150, 160, 166)
    draw.rectangle((40, 40, 680, 340), outline=wall, width=9)
    draw.line((360, 40, 360, 200), fill=wall, width=7)
    draw.line((360, 260, 360, 340), fill=wall, width=7)
    draw.line((360, 200, 560, 200), fill=wall, width=7)
    draw.line((620, 200, 680, 200), fill=wall, width=7)
    draw.arc((300, 200, 420, 320), 180, 270, fill=thin, width=3)
    draw.arc((560, 140, 680, 260), 90, 180, fill=thin, width=3)
    draw.rectangle((40, 340, 680, 400), outline=thin, width=3)
    for left in range(56, 680, 26):
        draw.line((left, 344, left, 397), fill=(222, 226, 226), width=2)
    for text, at in (("Living room", (125, 170)), ("Bedroom", (460, 105)), ("Kitchen", (472, 255))):
        draw.text(at, text, fill=wall, font_size=26)
    draw.text((310, 354), "Balcony", fill=(92, 104, 110), font_size=24)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def fail_a_message(page: Page) -> None:
    """One message that WhatsApp refuses, and the words beside it."""
    open_chat(page, "brochure")
    phone(page, "control/faults", {"send_errors": [131026]})
    page.get_by_test_id("composer-text").fill("Here is our price list.")
    page.get_by_test_id("composer-text").press("Enter")
    problem = page.get_by_test_id("problem")
    expect(problem).to_be_visible()
    # As shown without the pointer on it.
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    thread = page.get_by_role("region", name="Conversation", exact=True).bounding_box()
    top, bottom = page.get_by_test_id("message").first.bounding_box(), problem.bounding_box()
    assert thread is not None
    assert top is not None
    assert bottom is not None
    height = bottom["y"] + bottom["height"] - top["y"] + 28
    clip = {"x": thread["x"], "width": thread["width"], "y": top["y"] - 14, "height": height}
    shoot(page, "problem", clip=clip)
    problem.get_by_role("button", name="Retry").click()
    expect(page.get_by_test_id("message").last).to_have_attribute("data-status", re.compile("deliv|read"))


def light_and_dark(page: Page, name: str, *, ready: str) -> None:
    shoot_quietly(page, name)
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id(ready).first).to_be_visible()
    page.wait_for_timeout(500)
    shoot(page, f"{name}-dark")
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(500)


def show_people_and_plans(page: Page) -> None:
    page.set_viewport_size({"width": 1180, "height": 760})
    page.goto("/teams/1")
    expect(page.get_by_label("Name")).to_have_value("Sales Team")
    shoot(page, "team")
    page.goto("/subscription")
    expect(page.get_by_test_id("plan-card")).to_have_count(3)
    expect(page.get_by_test_id("usage")).to_be_visible()
    shoot(page, "subscription")


def show_the_month(browser: Browser, busy: Demo) -> None:
    page = new_page(browser, busy)
    page.goto("/login")
    sign_in(page, busy)
    page.set_viewport_size({"width": 1180, "height": 860})
    page.goto("/review")
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_label("Day by day").get_by_role("listitem")).to_have_count(30)
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)
    shoot(page, "review")


def show_the_phone(page: Page) -> None:
    page.set_viewport_size({"width": 1080, "height": 820})
    page.goto("/sandbox/")
    page.get_by_text("Maya Thompson").first.click()
    expect(page.get_by_text("Exactly there").first).to_be_visible()
    page.wait_for_timeout(500)
    shoot(page, "sandbox")


def show_on_a_phone(browser: Browser, demo: Demo, desk: Page) -> None:
    page = new_page(browser, demo, viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
    page.context.add_cookies(desk.context.cookies())  # type: ignore[arg-type]
    page.goto("/inbox")
    expect(page.get_by_test_id("conversation-row")).to_have_count(6)
    shoot(page, "phone-list")
    open_chat(page, "Exactly there")
    page.wait_for_timeout(1_000)
    shoot(page, "phone-thread")


def shoot(page: Page, name: str, **options: Any) -> None:
    path = pictures.take(page, name, PICTURES, **options)
    assert path is not None
    print(f"{path.name:24} {path.stat().st_size / 1024:6.0f} kB")


def shoot_quietly(page: Page, name: str) -> None:
    pictures.without_notices(page)
    shoot(page, name)


def walk() -> None:
    """The example of the guide, from the registration to the first campaign: a test that takes its pictures."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/e2e/test_people_and_plans.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"WAPTO_TEST_SHOTS": str(PICTURES)}, check=False
    )
    if done.returncode:
        sys.exit("The example of the guide does not run.")


if __name__ == "__main__":
    main()
