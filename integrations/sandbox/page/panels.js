// Behind the scenes: connection details, verification codes, faults, webhook log.

import { attempt, get, post, toast } from "./api.js";
import { byId, clock, el, icon } from "./dom.js";
import { ask, field } from "./sheet.js";
import { templates } from "./templates.js";

const SECRETS = new Set(["Access token", "App secret"]);

export async function refreshPanels() {
  const state = await get("control/state");
  listener(state);
  connection(state);
  faults(state.faults);
  if (byId("log").open) log();
  await templates();
}

function listener(state) {
  const hint = byId("listener");
  const target = state.override_callback || state.callback.url;
  const missing = !target
    ? "No webhook address yet: the business cannot hear you. Connect it, or set the address under Connection details."
    : !state.subscribed && "The business has not subscribed to this account yet, so your messages do not reach it.";
  hint.hidden = !missing;
  hint.textContent = missing || "";
}

function connection(state) {
  const body = byId("connection-body");
  // Never redraw under somebody's fingers.
  if (body.contains(document.activeElement)) return;
  const base = new URL(".", location.href).href.replace(/\/$/, "");
  const rows = [
    ["Graph base URL", base],
    ["Phone number ID", state.phone_number_id],
    ["WhatsApp Business account ID", state.waba_id],
    ["Access token", state.token],
    ["App ID", state.app_id],
    ["App secret", state.app_secret],
  ];
  body.replaceChildren(
    el("p", { className: "quiet" }, "Paste these into the business to connect it by hand."),
    el("dl", { className: "secrets" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), copyable(name, value)])),
    callbackForm(state),
  );
}

function copyable(name, value) {
  const shown = SECRETS.has(name) ? `${value.slice(0, 6)}…${value.slice(-4)}` : value;
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    toast(`${name} copied`);
  };
  const failed = () => toast("This browser does not let the page copy.");
  return el("dd", {}, el("code", {}, shown), el("button", { type: "button", className: "round small", "aria-label": `Copy ${name}`, onclick: () => copy().catch(failed) }, icon("copy")));
}

function callbackForm(state) {
  const url = field("Callback URL", { name: "callback_url", type: "url", required: true, value: state.callback.url || "", placeholder: "https://…/webhooks/whatsapp" });
  const token = field("Verify token", { name: "verify_token", required: true, value: state.callback.url ? state.callback.verify_token || "" : "" });
  const save = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    const done = await attempt(() => post("control/callback", { ...values, subscribed: true }));
    if (!done) return;
    document.activeElement.blur();
    toast("The business answered. Webhooks go there now.");
    await refreshPanels();
  };
  return el("form", { className: "stack", onsubmit: save }, el("h3", {}, "Webhook address"), url, token, el("button", { className: "plain" }, "Verify and save"));
}

const NUMBERS = [
  ["latency_ms", "Answer late by", "ms"],
  ["throttle_every", "Throttle every n-th send", "130429"],
  ["throughput_per_second", "Most sends a second", "per number"],
  ["delay_webhooks_ms", "Webhooks late by", "ms"],
  ["clock_offset_seconds", "Move the clock by", "seconds"],
];
const SHARES = [
  ["error_rate", "Server errors"],
  ["timeout_after_accept", "Accept, then never answer"],
  ["drop_before_accept", "Break the connection"],
  ["duplicate_webhooks", "Webhooks twice"],
  ["reorder_webhooks", "Webhooks out of order"],
  ["lose_webhooks", "Webhooks lost"],
];
const SWITCHES = [
  ["revoked_token", "Token revoked"],
  ["pair_limit", "One message per 6 s and customer"],
  ["errors_as_status", "Refusals arrive as failed status"],
  ["auto_read", "Customers read everything at once"],
];

function faults(values) {
  const body = byId("faults-body");
  if (body.contains(document.activeElement)) return;
  const set = (name, value) => attempt(() => post("control/faults", { [name]: value })).then(mark);
  const numbers = NUMBERS.map(([name, label, unit]) => row(label, number(name, values[name], 1, set), unit));
  const shares = SHARES.map(([name, label]) => row(label, number(name, Math.round(values[name] * 100), 0.01, set), "%"));
  const switches = SWITCHES.map(([name, label]) =>
    el("label", { className: "switch" }, el("input", { type: "checkbox", checked: values[name], onchange: (event) => set(name, event.target.checked) }), label),
  );
  const off = el("button", { type: "button", className: "plain", onclick: () => allOff() }, "All off");
  const reset = el("button", { type: "button", className: "plain danger", onclick: () => startOver() }, "Start over");
  body.replaceChildren(...numbers, ...shares, ...switches, el("div", { className: "pair" }, off, reset));
  mark(values);
}

function number(name, value, factor, set) {
  const most = factor === 1 ? undefined : 100;
  const least = name === "clock_offset_seconds" ? undefined : 0;
  const change = (event) => set(name, Number(event.target.value || 0) * factor);
  return el("input", { type: "number", value, min: least, max: most, onchange: change, data: { testid: `fault-${name}` } });
}

function row(label, input, unit) {
  return el("label", { className: "fault" }, el("span", {}, label), input, el("small", {}, unit));
}

// A forgotten fault is the worst bug report: the closed panel says that something is on.
function mark(values) {
  if (!values) return;
  const names = [...NUMBERS, ...SHARES, ...SWITCHES].map(([name]) => name).filter((name) => name !== "auto_read");
  const on = names.filter((name) => values[name]).length;
  byId("faults").querySelector("summary").textContent = on ? `Faults (${on} on)` : "Faults";
}

async function allOff() {
  const zero = Object.fromEntries([...NUMBERS, ...SHARES].map(([name]) => [name, 0]));
  const no = Object.fromEntries(SWITCHES.map(([name]) => [name, false]));
  await attempt(() => post("control/faults", { ...zero, ...no }));
  document.activeElement.blur();
  await refreshPanels();
}

async function startOver() {
  const sure = await ask("Start over?", [el("p", {}, "All chats, added customers and changed templates of this sandbox go. Ids and tokens stay.")], "Start over");
  if (sure) await attempt(() => post("control/reset"));
}

async function log() {
  const { data } = await get("control/webhooks");
  const lines = data.slice(0, 12).map((item) => {
    const good = item.status === 200;
    const what = good ? `${item.updates} update${item.updates === 1 ? "" : "s"}, ${Math.round(item.milliseconds)} ms` : `try ${item.attempt}: ${item.status || item.problem}`;
    return el("li", { className: good ? "" : "bad" }, el("time", {}, clock(item.at)), el("span", {}, what));
  });
  byId("log-body").replaceChildren(lines.length ? el("ul", { className: "log" }, ...lines) : el("p", { className: "quiet" }, "Nothing was sent yet."));
}

export function showCodes(numbers) {
  const waiting = numbers.filter((number) => number.code);
  byId("codes").hidden = !waiting.length;
  byId("codes-body").replaceChildren(
    ...waiting.map((number) =>
      el("p", { className: "sms", data: { testid: "phone-code" } }, el("span", {}, number.display_phone_number), el("strong", {}, `${number.code.slice(0, 3)}-${number.code.slice(3)}`)),
    ),
  );
}

byId("log").addEventListener("toggle", () => byId("log").open && attempt(log));
