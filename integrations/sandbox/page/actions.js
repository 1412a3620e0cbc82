// What the customer can do besides typing: attach, tap, react, and the menu of the chat.

import { attempt, post, remove, toast } from "./api.js";
import { byId, el } from "./dom.js";
import { runFlow } from "./flow.js";
import { ask, choice, closeMenu, field, openMenu } from "./sheet.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "🙏"];

// `phone` offers: customer(), number(), send(wish), quote(message), changed().
export function actions(phone) {
  const reply = (message, wish) => phone.send({ ...wish, reply_to: message.wamid });
  const handlers = {
    menu: (message, anchor) => bubbleMenu(phone, message, anchor),
    jump: (quoted) => jump(quoted.wamid),
    grown: () => phone.grown(),
    reply: (message, button) => reply(message, { type: "button_reply", id: button.id, title: button.text }),
    quick: (message, button) => reply(message, { type: "button", text: button.text, payload: button.payload }),
    copy: (_, button) => copy(button.value),
    location: () => shareLocation(phone),
    contact: () => shareSelf(phone),
    flow: (message, button) => attempt(() => fillFlow(reply, message, button)),
    list: (message, list) => pickRow(reply, message, list),
  };
  return (kind, ...details) => handlers[kind]?.(...details);
}

function jump(wamid) {
  const target = document.querySelector(`[data-wamid="${CSS.escape(wamid)}"]`);
  target?.scrollIntoView({ block: "center", behavior: "smooth" });
  target?.classList.add("flash");
  setTimeout(() => target?.classList.remove("flash"), 1200);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied ${text}`);
  } catch {
    toast(text);
  }
}

async function fillFlow(reply, message, button) {
  const response = await runFlow(button);
  if (response) await reply(message, { type: "nfm_reply", response });
}

async function pickRow(reply, message, list) {
  const rows = list.sections.flatMap((section) => section.rows);
  const fields = list.sections.flatMap((section) => [
    section.title && el("h3", {}, section.title),
    ...section.rows.map((row) => choice(row.id, row.title, row.description)),
  ]);
  const picked = await ask(list.button, fields.filter(Boolean), "Send");
  const row = picked && rows.find((candidate) => candidate.id === picked.row);
  if (row) await reply(message, { type: "list_reply", id: row.id, title: row.title, description: row.description });
}

function bubbleMenu(phone, message, anchor) {
  if (message.revoked) return;
  const own = message.direction === "in";
  const items = [["reply", "Reply", () => phone.quote(message), "phone-reply"]];
  if (message.view.text) items.push(["copy", "Copy text", () => copy(message.view.text)]);
  if (own && message.type === "text") items.push(["edit", "Edit", () => edit(phone, message)]);
  if (own) items.push(["bin", "Delete for everyone", () => phone.send({ type: "revoke", message_id: message.wamid })]);
  openMenu(anchor, items, reactionRow(phone, message));
}

function reactionRow(phone, message) {
  const react = (emoji) => {
    closeMenu();
    phone.send({ type: "reaction", message_id: message.wamid, emoji: message.customer_reaction === emoji ? "" : emoji });
  };
  const buttons = EMOJI.map((emoji) =>
    el("button", { type: "button", role: "menuitem", className: message.customer_reaction === emoji ? "on" : "", "aria-label": `React with ${emoji}`, onclick: () => react(emoji) }, emoji),
  );
  return el("div", { className: "emoji-row" }, ...buttons);
}

async function edit(phone, message) {
  const text = field("Message", { tag: "textarea", name: "text", rows: 4, required: true, value: message.body.body });
  const values = await ask("Edit message", [text]);
  if (values) await phone.send({ type: "edit", message_id: message.wamid, text: values.text });
}

export function attachMenu(phone, anchor) {
  const pick = (type, accept) => () => phone.pickFile(type, accept);
  openMenu(anchor, [
    ["image", "Photo or video from this device", pick("image", "image/jpeg,image/png,video/mp4")],
    ["file", "Document from this device", pick("document", "")],
    ["mic", "Audio from this device", pick("audio", "audio/*")],
    ["image", "Send a sample photo", () => phone.send({ type: "image", sample: true }), "phone-sample-image"],
    ["mic", "Send a sample voice note", () => phone.send({ type: "audio", sample: true }), "phone-sample-audio"],
    ["file", "Send a sample document", () => phone.send({ type: "document", sample: true }), "phone-sample-document"],
    ["smile", "Send a sticker", () => phone.send({ type: "sticker", sample: true })],
    ["pin", "Share a location", () => shareLocation(phone), "phone-location"],
    ["person", "Share a contact", () => shareContact(phone)],
    ["poll", "Send a poll (businesses cannot read it)", () => phone.send({ type: "unsupported", kind: "poll" })],
  ]);
}

async function shareLocation(phone) {
  const values = await ask("Share a location", [
    field("Name", { name: "name", value: "Harbour Square" }),
    field("Address", { name: "address", value: "1 Quay Street" }),
    field("Latitude", { name: "latitude", type: "number", step: "any", required: true, value: "37.80832" }),
    field("Longitude", { name: "longitude", type: "number", step: "any", required: true, value: "-122.41757" }),
  ], "Send");
  if (values) await phone.send({ type: "location", ...values });
}

async function shareContact(phone) {
  const values = await ask("Share a contact", [
    field("Name", { name: "name", required: true, value: "Alex Morgan" }),
    field("Phone", { name: "phone", type: "tel", required: true, value: "+1 202 555 0188" }),
  ], "Send");
  if (values) await phone.send({ type: "contacts", contacts: [contactCard(values.name, values.phone)] });
}

function contactCard(name, phone) {
  const digits = phone.replace(/\D/g, "");
  return { name: { formatted_name: name, first_name: name.split(" ")[0] }, phones: [{ phone, type: "MOBILE", wa_id: digits }] };
}

async function shareSelf(phone) {
  const me = phone.customer();
  await phone.send({ type: "contacts", contacts: [contactCard(me.name, me.number)] });
}

export function chatMenu(phone, anchor) {
  const me = phone.customer();
  const path = `phone/customers/${me.id}`;
  const go = (work) => () => attempt(work).then(phone.changed);
  openMenu(anchor, [
    ["edit", "Edit this customer", () => editCustomer(phone)],
    ["phone", "Change the phone number", () => changeNumber(phone)],
    me.stopped_marketing
      ? ["smile", "Resume offers from this business", go(() => post(`${path}/marketing`, { stop: false, phone_number_id: phone.number() }))]
      : ["eye-off", "Stop offers from this business", go(() => post(`${path}/marketing`, { stop: true, phone_number_id: phone.number() }))],
    me.blocks_business
      ? ["block", "Unblock this business", go(() => post(`${path}/unblock`))]
      : ["block", "Block this business", go(() => post(`${path}/block`)), "phone-block"],
    ["bin", "Remove this customer", () => removeCustomer(phone)],
  ]);
}

async function changeNumber(phone) {
  const help = "The business is told the new number, as WhatsApp does.";
  const values = await ask("Change the phone number", [field("New number", { name: "new_number", type: "tel", required: true, placeholder: "+1 202 555 0100" }, help)]);
  if (values) await phone.send({ type: "system", new_number: values.new_number });
}

async function removeCustomer(phone) {
  const me = phone.customer();
  const sure = await ask(`Remove ${me.name}?`, [el("p", {}, "The customer and all chats disappear from this phone.")], "Remove");
  if (!sure) return;
  await attempt(() => remove(`phone/customers/${me.id}`));
  phone.leave();
}

function customerFields(me = {}) {
  const hidden = el("input", { type: "checkbox", name: "hidden", checked: Boolean(me.hidden) });
  return [
    field("Name", { name: "name", required: true, maxLength: 80, value: me.name || "", data: { testid: "phone-name" } }),
    !me.id && field("Phone number", { name: "number", type: "tel", placeholder: "+44 7700 900123", data: { testid: "phone-number-input" } }, "With the country code. Nothing is sent to it."),
    field("Username", { name: "username", value: me.username || "", placeholder: "optional" }),
    el("label", { className: "switch" }, hidden, el("span", {}, "Hide the number from businesses", el("small", {}, "Needs a username. Webhooks then carry no phone number."))),
  ].filter(Boolean);
}

export async function addCustomer(phone) {
  const values = await ask("Add a customer", customerFields(), "Add");
  if (!values) return;
  const made = await attempt(() => post("phone/customers", { ...values, hidden: Boolean(values.hidden) }));
  if (made) phone.choose(made.id);
}

async function editCustomer(phone) {
  const me = phone.customer();
  const values = await ask("Edit this customer", customerFields(me));
  if (!values) return;
  await attempt(() => post(`phone/customers/${me.id}`, { ...values, hidden: Boolean(values.hidden) }));
  phone.changed();
}

// Which message type a picked file becomes.
export function typeOf(file, wanted) {
  if (wanted === "document") return "document";
  const family = file.type.split("/")[0];
  return ["image", "video", "audio"].includes(family) ? family : "document";
}

export function showFileInput(accept) {
  const input = byId("file");
  input.accept = accept;
  input.value = "";
  input.click();
}
