// The phone: who am I, which thread is open, what arrived.

import { actions, addCustomer, attachMenu, chatMenu, showFileInput, typeOf } from "./actions.js";
import { attempt, get, post } from "./api.js";
import { bubble } from "./bubble.js";
import { byId, day, el, icon, initials, shortTime, tone, unformatted } from "./dom.js";
import { refreshPanels, showCodes } from "./panels.js";

const state = { people: [], numbers: [], customer: null, number: null, messages: [], quoted: null, drafts: {}, wanted: "" };
const drawn = new Map();
let typingUntil = 0;

const phone = {
  customer: () => state.people.find((person) => person.id === state.customer),
  number: () => state.number,
  send,
  quote,
  changed: () => refreshPeople(),
  grown: () => atEnd && toEnd(),
  choose,
  leave,
  pickFile: (type, accept) => {
    state.wanted = type;
    showFileInput(accept);
  },
};
const act = actions(phone);

// the list of customers

let asked = 0;

// Only the answer to the newest question counts: an older one may not know a customer who was just added.
async function refreshPeople() {
  const mine = ++asked;
  const answer = await attempt(() => get("phone/customers"));
  if (!answer || mine !== asked) return;
  state.people = answer.customers;
  state.numbers = answer.numbers;
  byId("rows").replaceChildren(...state.people.map(personRow));
  showCodes(state.numbers);
  if (state.customer && !phone.customer()) leave();
  drawBar();
  const unread = state.people.reduce((sum, person) => sum + person.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}Phone · WhatsApp sandbox`;
}

function latest(person) {
  return person.chats.filter((chat) => chat.last).sort((a, b) => b.last.seq - a.last.seq)[0];
}

function personRow(person) {
  const last = latest(person)?.last;
  const badge = person.unread > 0 && el("span", { className: "badge", "aria-label": `${person.unread} unread` }, person.unread);
  const about = person.hidden ? `@${person.username}, number hidden` : person.number;
  const tick = last?.direction === "in" && el("span", { className: `ticks ${last.status}` }, icon(last.status === "sent" ? "tick" : "ticks", "tick-icon"));
  const button = el(
    "button",
    { type: "button", className: "row", data: { testid: "phone-customer", customerId: person.id }, onclick: () => choose(person.id), "aria-current": person.id === state.customer ? "true" : undefined },
    el("span", { className: `avatar ${tone(person.id)}`, "aria-hidden": "true" }, person.stranger ? icon("person") : initials(person.name)),
    el(
      "span",
      { className: "row-text" },
      el("span", { className: "row-top" }, el("strong", {}, person.name), last && el("time", {}, shortTime(last.timestamp))),
      el("span", { className: "row-bottom" }, el("span", { className: "row-last" }, tick, last ? unformatted(last.text) : about), badge),
    ),
  );
  return el("li", {}, button);
}

function choose(id) {
  keepDraft();
  state.customer = id;
  const newest = latest(phone.customer() || { chats: [] });
  state.number = newest?.phone_number_id || state.numbers[0]?.id;
  remember();
  openThread();
  refreshPeople();
}

function leave() {
  keepDraft();
  state.customer = null;
  remember();
  byId("desk").dataset.view = "list";
  byId("screen").hidden = true;
  byId("nobody").hidden = false;
  byId("whose").textContent = "";
  refreshPeople();
}

function remember() {
  history.replaceState(null, "", state.customer ? `#${state.customer}/${state.number}` : "#");
}

function keepDraft() {
  if (state.customer) state.drafts[state.customer] = byId("text").value;
}

// the open thread

function openThread() {
  drawn.clear();
  byId("thread").replaceChildren();
  byId("desk").dataset.view = "chat";
  byId("screen").hidden = false;
  byId("nobody").hidden = true;
  byId("text").value = state.drafts[state.customer] || "";
  typingUntil = 0;
  quote(null);
  fitComposer();
  drawBar();
  atEnd = true;
  refreshThread();
  if (matchMedia("(hover: hover)").matches) byId("text").focus();
}

function drawBar() {
  const me = phone.customer();
  if (!me) return;
  const number = state.numbers.find((candidate) => candidate.id === state.number) || state.numbers[0];
  const pick = byId("number-pick");
  const options = state.numbers.map((candidate) => {
    const unread = me.chats.find((chat) => chat.phone_number_id === candidate.id)?.unread;
    const label = unread && candidate.id !== state.number ? `${candidate.name} (${unread} new)` : candidate.name;
    return el("option", { value: candidate.id, selected: candidate.id === number.id }, label);
  });
  if (document.activeElement !== pick) pick.replaceChildren(...options);
  byId("business-avatar").textContent = initials(number.name);
  byId("whose").textContent = `You are ${me.name}${me.hidden ? `, @${me.username}, number hidden` : `, ${me.number}`}`;
  drawNote(me, number);
}

function drawNote(me, number) {
  const typing = typingUntil > Date.now();
  byId("typing").hidden = !typing;
  const note = me.blocks_business ? "You blocked this business" : typing ? "typing…" : number.display_phone_number;
  byId("bar-note").textContent = number.status === "CONNECTED" ? note : "This number is not registered";
}

let reading = false;
let again = false;

// One read at a time; what changes meanwhile is read once more afterwards.
async function refreshThread() {
  if (!state.customer) return;
  again = reading;
  if (reading) return;
  reading = true;
  const [customer, number] = [state.customer, state.number];
  const answer = await attempt(() => get(`phone/customers/${customer}/messages?phone_number_id=${number}`));
  reading = false;
  if (answer && customer === state.customer && number === state.number) {
    drawThread(answer.messages);
    if (answer.unread && document.visibilityState === "visible") lookAt(customer, number);
  }
  if (again) await refreshThread();
}

function lookAt(customer, number) {
  return attempt(() => post(`phone/customers/${customer}/open`, { phone_number_id: number }));
}

function visible(message) {
  return message.type !== "request_welcome" && (message.direction === "in" || ["delivered", "read"].includes(message.status));
}

function drawThread(messages) {
  const shown = messages.filter(visible);
  const wasLast = state.messages.at(-1)?.wamid;
  state.messages = shown;
  if (shown.at(-1)?.direction === "out" && shown.at(-1).wamid !== wasLast) typingUntil = 0;
  const nodes = [];
  let date = "";
  for (const message of shown) {
    const its = day(message.timestamp);
    if (its !== date) nodes.push(el("div", { className: "day" }, el("span", {}, its)));
    date = its;
    nodes.push(message.type === "system" ? systemLine(message) : nodeOf(message));
  }
  if (!shown.length) nodes.push(el("div", { className: "empty" }, el("p", {}, "No messages yet. Say hello: the business gets it at once.")));
  sync(byId("thread"), nodes);
  if (atEnd) toEnd();
  drawBar();
}

function systemLine(message) {
  return el("div", { className: "day", data: { testid: "phone-bubble", wamid: message.wamid, status: message.status } }, el("span", {}, message.body.body));
}

// Bubbles that did not change keep their node, so that players go on and menus stay open.
function nodeOf(message) {
  const print = JSON.stringify(message);
  const known = drawn.get(message.wamid);
  if (known?.print === print) return known.node;
  const node = bubble(message, act);
  drawn.set(message.wamid, { print, node });
  return node;
}

function sync(parent, nodes) {
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] || null);
  });
  while (parent.children.length > nodes.length) parent.lastChild.remove();
}

let atEnd = true;

function toEnd() {
  const thread = byId("thread");
  thread.scrollTop = thread.scrollHeight;
}

// sending

async function send(wish) {
  const quoted = state.quoted && !wish.reply_to && !["reaction", "edit", "revoke", "system"].includes(wish.type);
  const body = { ...wish, phone_number_id: state.number, ...(quoted ? { reply_to: state.quoted.wamid } : {}) };
  if (quoted) quote(null);
  atEnd = atEnd || wish.type !== "reaction";
  const done = await attempt(() => post(`phone/customers/${state.customer}/messages`, body));
  if (done) await refreshThread();
  return done;
}

async function sendFile(file) {
  const form = new FormData();
  const caption = byId("text").value.trim();
  form.append("type", typeOf(file, state.wanted));
  form.append("phone_number_id", state.number);
  if (caption) form.append("caption", caption);
  if (state.quoted) form.append("reply_to", state.quoted.wamid);
  form.append("file", file);
  const done = await attempt(() => post(`phone/customers/${state.customer}/messages`, form));
  if (!done) return;
  quote(null);
  byId("text").value = "";
  atEnd = true;
  await refreshThread();
}

function quote(message) {
  state.quoted = message;
  byId("quoting").hidden = !message;
  if (!message) return;
  byId("quoting-text").textContent = unformatted(message.view.text || message.view.note || message.type);
  byId("text").focus();
}

async function submit(event) {
  event.preventDefault();
  const box = byId("text");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  fitComposer();
  if (!(await send({ type: "text", text }))) box.value = text;
  box.focus();
}

function fitComposer() {
  const box = byId("text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 130)}px`;
}

// live updates

function listen() {
  const source = new EventSource("events");
  source.onmessage = (event) => notice(JSON.parse(event.data));
}

let soon;

function notice(news) {
  const here = news.customer === state.customer && news.number === state.number;
  if (news.kind === "typing") {
    if (here) showTyping(news.seconds);
    return;
  }
  if (news.kind === "hello" || news.kind === "reset" || (news.kind === "chat" && here)) refreshThread();
  if (news.kind !== "chat") attempt(refreshPanels);
  clearTimeout(soon);
  soon = setTimeout(refreshPeople, 80);
}

function showTyping(seconds) {
  typingUntil = Date.now() + seconds * 1000;
  drawBar();
  if (atEnd) toEnd();
  setTimeout(drawBar, seconds * 1000 + 50);
}

// wiring

byId("composer").addEventListener("submit", submit);
byId("text").addEventListener("input", fitComposer);
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
});
byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  // Emptied at once, or choosing the same file again would not count as a change.
  event.target.value = "";
  if (file) sendFile(file);
});
byId("attach").addEventListener("click", (event) => attachMenu(phone, event.currentTarget));
byId("chat-menu").addEventListener("click", (event) => chatMenu(phone, event.currentTarget));
byId("add-customer").addEventListener("click", () => addCustomer(phone));
byId("quoting-off").addEventListener("click", () => quote(null));
byId("back").addEventListener("click", leave);
byId("number-pick").addEventListener("change", (event) => {
  state.number = event.target.value;
  event.target.blur();
  remember();
  openThread();
});
byId("thread").addEventListener("scroll", (event) => {
  const box = event.currentTarget;
  atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refreshThread());

async function begin() {
  await refreshPeople();
  attempt(refreshPanels);
  const [customer, number] = location.hash.slice(1).split("/");
  if (state.people.some((person) => person.id === customer)) {
    choose(customer);
    if (state.numbers.some((candidate) => candidate.id === number)) state.number = number;
    refreshThread();
  }
  listen();
}

begin();
