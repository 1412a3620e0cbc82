// Fills in a WhatsApp Flow: one dialog per screen, then the answer as WhatsApp would send it.

import { get } from "./api.js";
import { el } from "./dom.js";
import { ask, field } from "./sheet.js";

export async function runFlow(button) {
  const flow = button.flow_id ? await get(`phone/flows/${button.flow_id}`) : { flow_json: {} };
  const screens = flow.flow_json.screens || [];
  if (!screens.length) throw new Error("This form has no screens.");
  const filled = {};
  let screen = screens[0];
  let data = {};
  // A flow that leads in circles must not trap the customer.
  for (let steps = 0; steps < 20; steps += 1) {
    const parts = components(screen);
    const footer = parts.find((part) => part.type === "Footer") || {};
    const values = await ask(words(screen.title || flow.name, screen, data), parts.flatMap((part) => input(part, screen, data)), footer.label || "Continue");
    if (!values) return undefined;
    delete values.pressed;
    filled[screen.id] = values;
    const action = footer["on-click-action"] || {};
    const sent = payload(action.payload, { form: values, data, filled });
    const next = screens.find((candidate) => candidate.id === action.next?.name);
    if (action.name !== "navigate" || !next) return result(button, sent, filled);
    data = sent || {};
    screen = next;
  }
  return undefined;
}

function result(button, sent, filled) {
  const answers = sent && Object.keys(sent).length ? sent : Object.assign({}, ...Object.values(filled));
  return { ...answers, flow_token: button.flow_token || "unused" };
}

function components(screen) {
  const flat = (parts) => parts.flatMap((part) => (part.type === "Form" ? flat(part.children || []) : [part]));
  return flat(screen.layout?.children || []);
}

// `${form.x}`, `${data.x}` and `${screen.ID.form.x}` inside the payload of an action.
function payload(wanted, scope) {
  if (!wanted) return undefined;
  return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, resolve(value, scope)]));
}

function resolve(value, scope) {
  const found = typeof value === "string" && value.match(/^\$\{(.+)\}$/);
  if (!found) return value;
  const path = found[1].split(".");
  if (path[0] === "screen") return scope.filled[path[1]]?.[path[3]] ?? "";
  return scope[path[0]]?.[path[1]] ?? "";
}

function example(value, screen, data) {
  const found = typeof value === "string" && value.match(/^\$\{data\.(\w+)\}$/);
  if (!found) return value;
  return data[found[1]] ?? screen.data?.[found[1]]?.__example__;
}

// Whole expressions, and the back-quoted form: `'Hello ' ${data.name}`.
function words(text, screen, data) {
  const found = example(text, screen, data);
  if (typeof found !== "string") return Array.isArray(found) ? found.join("\n") : String(found ?? "");
  const fill = (expression) => String(example(expression, screen, data) ?? "");
  if (/^`.*`$/s.test(found)) {
    return [...found.matchAll(/'([^']*)'|\$\{[^}]+\}/g)].map((part) => part[1] ?? fill(part[0])).join("");
  }
  return found.replace(/\$\{data\.\w+\}/g, fill);
}

const TEXTS = { TextHeading: "h3", TextSubheading: "h4", TextBody: "p", TextCaption: "small", RichText: "p" };
const KINDS = { email: "email", phone: "tel", number: "number", password: "password", passcode: "password" };

function input(part, screen, data) {
  if (TEXTS[part.type]) return [el(TEXTS[part.type], {}, words(part.text, screen, data))];
  const base = { name: part.name, required: part.required === true || undefined, value: example(part["init-value"], screen, data) };
  const label = words(part.label, screen, data);
  const help = words(part["helper-text"] || "", screen, data);
  if (part.type === "TextInput") return [field(label, { ...base, type: KINDS[part["input-type"]] || "text" }, help)];
  if (part.type === "TextArea") return [field(label, { ...base, tag: "textarea", rows: 3 }, help)];
  if (part.type === "DatePicker" || part.type === "CalendarPicker") return [field(label, { ...base, type: "date" }, help)];
  if (part.type === "OptIn") return [option("checkbox", part, { id: "true", title: label })];
  const options = example(part["data-source"], screen, data) || [];
  if (part.type === "Dropdown") return [dropdown(label, base, options)];
  if (part.type === "RadioButtonsGroup" || part.type === "ChipsSelector") return [group("radio", label, part, options)];
  if (part.type === "CheckboxGroup") return [group("checkbox", label, part, options)];
  return [];
}

function dropdown(label, base, options) {
  const select = el("select", { name: base.name, required: base.required }, el("option", { value: "" }, "Choose"));
  select.append(...options.map((item) => el("option", { value: item.id }, item.title)));
  return el("label", { className: "field" }, el("span", {}, label), select);
}

function group(type, label, part, options) {
  return el("fieldset", { className: "field" }, el("legend", {}, label), ...options.map((item) => option(type, part, item)));
}

function option(type, part, item) {
  const many = type === "checkbox" && part.type === "CheckboxGroup";
  const required = part.required === true && !many;
  const box = el("input", { type, name: part.name, value: item.id, required, data: many ? { many: "1" } : {} });
  const text = el("span", { className: "choice-text" }, el("span", {}, item.title), item.description && el("small", {}, item.description));
  return el("label", { className: "choice" }, box, text);
}
