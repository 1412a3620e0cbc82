// The one dialog and the one floating menu.

import { byId, el, icon } from "./dom.js";

// Opens a dialog and resolves to its form data, or to nothing when it was closed.
export function ask(title, fields, submit = "Save") {
  const sheet = byId("sheet");
  const form = byId("sheet-form");
  const cancel = el("button", { type: "button", className: "plain", onclick: () => sheet.close("") }, "Cancel");
  const actions = el("div", { className: "sheet-actions" }, cancel);
  if (submit) actions.append(el("button", { className: "primary", value: "ok", data: { testid: "phone-sheet-ok" } }, submit));
  form.replaceChildren(el("h2", { id: "sheet-title" }, title), ...fields, actions);
  sheet.returnValue = "";
  sheet.showModal();
  return new Promise((resolve) => {
    sheet.onclose = () => resolve(sheet.returnValue ? answer(form, sheet.returnValue) : undefined);
  });
}

function answer(form, pressed) {
  const data = new FormData(form);
  const values = { pressed };
  for (const name of new Set(data.keys())) {
    const all = data.getAll(name);
    values[name] = form.querySelector(`[name="${CSS.escape(name)}"][data-many]`) ? all : all[0];
  }
  return values;
}

export function field(label, properties, help) {
  const input = el(properties.tag || "input", { ...properties, tag: undefined });
  return el("label", { className: "field" }, el("span", {}, label), input, help && el("small", {}, help));
}

export function choice(value, title, description) {
  const text = el("span", { className: "choice-text" }, el("strong", {}, title), description && el("small", {}, description));
  return el("label", { className: "choice" }, el("input", { type: "radio", name: "row", value, required: true }), text);
}

let opener;

// Shows a menu beside an element; items are [icon, label, action, testid].
export function openMenu(anchor, items, head) {
  const menu = byId("menu");
  const rows = items.map(([name, label, action, testid]) =>
    el(
      "button",
      { type: "button", role: "menuitem", data: testid ? { testid } : {}, onclick: () => (closeMenu(), action()) },
      icon(name),
      label,
    ),
  );
  menu.replaceChildren(...(head ? [head] : []), ...rows);
  menu.hidden = false;
  place(menu, anchor.getBoundingClientRect());
  opener = anchor;
  menu.querySelector("button")?.focus({ preventScroll: true });
}

function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const frame = document.querySelector(".handset").getBoundingClientRect();
  // On the right half of the phone a menu hangs from the right edge of its button.
  const wanted = anchor.left + anchor.width / 2 > frame.left + frame.width / 2 ? anchor.right - width : anchor.left;
  const left = Math.min(Math.max(8, wanted), innerWidth - width - 8);
  const below = anchor.bottom + 6;
  const top = below + height > innerHeight - 8 ? Math.max(8, anchor.top - height - 6) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

export function closeMenu() {
  const menu = byId("menu");
  if (menu.hidden) return;
  menu.hidden = true;
  if (menu.contains(document.activeElement) || document.activeElement === document.body) opener?.focus({ preventScroll: true });
}

function step(event) {
  const buttons = [...byId("menu").querySelectorAll("button")];
  const here = buttons.indexOf(document.activeElement);
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!move) return;
  event.preventDefault();
  buttons.at((here + move) % buttons.length)?.focus();
}

document.addEventListener("pointerdown", (event) => byId("menu").contains(event.target) || closeMenu());
document.addEventListener("keydown", (event) => {
  if (byId("menu").hidden) return;
  if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else step(event);
});
