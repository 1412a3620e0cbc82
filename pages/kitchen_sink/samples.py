"""The people, lines and events that the kitchen sink shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

import reflex as rx

from state.base import success
from wapto_app.clock import utcnow
from wapto_app.security.policy import public
from wapto_app.services.errors import Invalid
from wapto_app.ui.button import Variant
from wapto_app.ui.tokens import SOFT_TONES, Tone

VARIANTS: tuple[Variant, ...] = ("primary", "secondary", "ghost", "danger")
TONES: tuple[Tone, ...] = tuple(SOFT_TONES)
NAMES = (
    "Amara Okafor",
    "Jonas Weber",
    "李小龙",
    "Zoë García",
    "Ravi",
    "Fatima al-Sayed",
    "Olga Petrova",
    "Ben",
)


TAGS = [
    {"id": 1, "name": "VIP", "colour": "amber"},
    {"id": 2, "name": "العملاء المميزون", "colour": "teal"},
    {"id": 3, "name": "Waits for an offer that is longer than most", "colour": "purple"},
]


class Customer(TypedDict):
    id: int
    name: str
    phone: str
    messages: int
    status: str
    last_seen: str


class Option(TypedDict):
    id: int
    label: str


class Line(TypedDict):
    id: int
    text: str
    mine: bool


class Sink(rx.State):
    """Enough of a state to press every button."""

    customers: list[Customer] = []
    lines: list[Line] = []
    chosen: list[int] = []
    tags: list[int] = [1]
    in_order: list[Option] = [Option(id=each, label=f"Field {each}") for each in (1, 2, 3)]
    sort: str = "name"
    query: str = ""
    asking: bool = False
    loading: bool = False
    moment: str = ""
    yesterday: str = ""
    last_year: str = ""
    window: str = ""
    last_hour: str = ""

    @rx.event
    @public
    def open(self) -> None:
        now = utcnow()
        self.query = ""
        self.customers = _customers()
        self.lines = [_line(i) for i in range(60)]
        self.moment = (now - timedelta(minutes=5)).isoformat()
        self.yesterday = (now - timedelta(days=1)).isoformat()
        self.last_year = (now - timedelta(days=400)).isoformat()
        self.window = (now + timedelta(hours=23, minutes=41)).isoformat()
        self.last_hour = (now + timedelta(minutes=59)).isoformat()

    @rx.event
    @public
    def order(self, by: str) -> None:
        self.sort = by
        name = "messages" if by.endswith("messages") else "name"
        self.customers = sorted(self.customers, key=lambda row: row[name], reverse=by.startswith("-"))

    @rx.event
    @public
    def toggle(self, customer_id: int) -> None:
        self.chosen = [*{*self.chosen} ^ {customer_id}]

    @rx.event
    @public
    def toggle_all(self, checked: bool) -> None:
        self.chosen = [customer["id"] for customer in self.customers] if checked else []

    @rx.event
    @public
    def tag(self, tag_id: int, on: bool) -> None:
        self.tags = [*{*self.tags} | {tag_id}] if on else [each for each in self.tags if each != tag_id]

    @rx.event
    @public
    def make_tag(self, name: str) -> rx.event.EventSpec:
        return success(f"“{name}” is made.")

    @rx.event
    @public
    def move(self, option_id: int, place: int) -> None:
        moved = next(each for each in self.in_order if each["id"] == option_id)
        rest = [each for each in self.in_order if each["id"] != option_id]
        self.in_order = [*rest[:place], moved, *rest[place:]]

    @rx.event
    @public
    def try_rules(self, rules: str) -> None:
        self.loading = not rules

    @rx.event
    @public
    def search(self, query: str) -> None:
        self.query = query
        self.customers = [row for row in _customers() if query.casefold() in row["name"].casefold()]

    @rx.event
    @public
    def ask(self, asking: bool) -> None:
        self.asking = asking

    @rx.event
    @public
    def load(self) -> None:
        self.loading = not self.loading

    @rx.event
    @public
    def save(self, values: dict[str, object]) -> rx.event.EventSpec:
        if "@" not in str(values.get("email", "")):
            raise Invalid("email", "This is no e-mail address. Write it as name@example.com.")
        return success("Contact saved.")

    @rx.event
    @public
    def older(self) -> None:
        first = self.lines[0]["id"]
        if first > -200:
            self.lines = [*[_line(first - i) for i in range(30, 0, -1)], *self.lines]

    @rx.event
    @public
    def write(self) -> None:
        self.lines = [*self.lines, _line(self.lines[-1]["id"] + 1)]


def _customers() -> list[Customer]:
    return [
        Customer(
            id=i,
            name=name,
            phone=f"+49 151 2345 67{i:02d}",
            messages=i * 1234,
            status=("open", "pending", "resolved")[i % 3],
            last_seen=(utcnow() - timedelta(hours=i * 7)).isoformat(),
        )
        for i, name in enumerate(NAMES)
    ]


def _line(i: int) -> Line:
    return Line(id=i, text=f"Line {i}. " + "A few more words. " * (i % 5), mine=i % 3 == 0)
