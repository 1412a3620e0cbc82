// One message as a bubble.

import { clock, el, fileSize, formatted, icon, outside, unformatted } from "./dom.js";

const TICKS = { sent: ["tick", "Sent"], delivered: ["ticks", "Delivered"], read: ["ticks", "Read"] };

// `act` is told what the customer taps: act(kind, message, detail).
export function bubble(message, act) {
  const view = message.view;
  const own = message.direction === "in";
  const box = el("div", { className: "bubble" }, ...content(message, view, act), meta(message, own));
  const menu = el(
    "button",
    { type: "button", className: "bubble-menu", "aria-haspopup": "menu", "aria-label": "React, reply and more", onclick: (event) => act("menu", message, event.currentTarget) },
    icon("down"),
  );
  box.append(menu);
  holdToOpen(box, () => act("menu", message, box));
  const parts = [box, ...buttons(message, view, act), reactions(message)];
  if (view.cards) parts.splice(1, 0, carousel(message, view.cards, act));
  return el(
    "article",
    {
      "aria-label": own ? "You" : "Business",
      className: `message ${own ? "own" : "theirs"} type-${message.type}`,
      data: { testid: "phone-bubble", wamid: message.wamid, status: message.status, direction: message.direction, type: message.type },
    },
    ...parts,
  );
}

function content(message, view, act) {
  if (message.revoked) return [el("p", { className: "gone" }, icon("block"), "This message was deleted")];
  return [
    message.quoted && quote(message.quoted, act),
    view.title && el("p", { className: "title" }, view.title),
    view.media && media(view.media, act),
    view.location && place(view.location),
    view.offer && offer(view.offer),
    ...(view.contacts || []).map(card),
    view.text && el("div", { className: "text" }, ...formatted(view.text)),
    view.description && el("p", { className: "footer" }, view.description),
    view.order && el("ul", { className: "order" }, ...view.order.map(orderLine)),
    view.products && el("p", { className: "note" }, `Products: ${view.products.join(", ")}`),
    view.form && form(view.form),
    view.note && el("p", { className: "note" }, view.note),
    view.footer && el("p", { className: "footer" }, view.footer),
  ].filter(Boolean);
}

function quote(quoted, act) {
  const who = quoted.direction === "in" ? "You" : "Business";
  return el(
    "button",
    { type: "button", className: "quote", onclick: () => act("jump", quoted) },
    el("strong", {}, who),
    el("span", {}, unformatted(quoted.text)),
  );
}

function media(file, act) {
  if (!file.url) return el("p", { className: "note" }, "This file is gone.");
  if (file.kind === "image" || file.kind === "sticker") {
    const picture = el("img", { src: file.url, alt: file.filename || (file.kind === "sticker" ? "Sticker" : "Photo"), loading: "lazy", onload: () => act("grown") });
    if (file.kind === "sticker") return el("span", { className: "sticker" }, picture);
    return el("a", { className: "picture", href: file.url, target: "_blank", rel: "noopener" }, picture);
  }
  if (file.kind === "video") return el("video", { className: "picture", src: file.url, controls: true, preload: "metadata" });
  if (file.kind === "audio") return el("audio", { src: file.url, controls: true, preload: "metadata", "aria-label": "Voice message" });
  const kind = (file.filename || "").split(".").pop().slice(0, 4).toUpperCase();
  const text = el("span", {}, el("strong", {}, file.filename || "Document"), el("small", {}, [kind, fileSize(file.size)].filter(Boolean).join(" · ")));
  return el("a", { className: "document", href: file.url, target: "_blank", rel: "noopener" }, icon("file"), text);
}

function place(location) {
  const spot = `${Number(location.latitude).toFixed(5)}, ${Number(location.longitude).toFixed(5)}`;
  const url = `https://www.openstreetmap.org/?mlat=${location.latitude}&mlon=${location.longitude}#map=16/${location.latitude}/${location.longitude}`;
  const words = el("span", {}, el("strong", {}, location.name || "Location"), el("small", {}, location.address || spot));
  const link = outside(url, el("span", { className: "map" }, icon("pin")), words);
  link.className = "place";
  return link;
}

function card(contact) {
  const words = el("span", {}, el("strong", {}, contact.name), el("small", {}, contact.phones.join(", ")));
  return el("p", { className: "contact" }, el("span", { className: "avatar small" }, icon("person")), words);
}

function offer(deal) {
  const left = deal.expires_ms ? `Ends ${new Date(Number(deal.expires_ms)).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}` : "Limited time";
  return el("p", { className: "offer" }, el("strong", {}, deal.text), el("small", {}, left));
}

function orderLine(item) {
  return el("li", {}, `${item.quantity} × ${item.product_retailer_id}`, el("span", {}, `${item.item_price} ${item.currency || ""}`));
}

function form(json) {
  let values;
  try {
    values = Object.entries(JSON.parse(json)).filter(([key]) => key !== "flow_token");
  } catch {
    return undefined;
  }
  return el("dl", { className: "answers" }, ...values.flatMap(([key, value]) => [el("dt", {}, key.replaceAll("_", " ")), el("dd", {}, String(value))]));
}

function meta(message, own) {
  const [name, label] = TICKS[message.status] || ["clock", "Sending"];
  const ticks = own && !message.revoked && el("span", { className: `ticks ${message.status}`, role: "img", "aria-label": label, title: label }, icon(name, "tick-icon"));
  return el("span", { className: "meta" }, message.edited && "edited ", el("time", { title: new Date(message.timestamp * 1000).toLocaleString() }, clock(message.timestamp)), ticks);
}

function reactions(message) {
  const found = [message.business_reaction, message.customer_reaction].filter(Boolean);
  return found.length > 0 && el("span", { className: "reactions", "aria-label": `Reactions: ${found.join(" ")}` }, ...found);
}

const BUTTON_ICONS = { reply: "reply", quick: "reply", url: "link", phone: "phone", copy: "copy", flow: "form", location: "pin", contact: "person" };

function buttons(message, view, act) {
  if (message.revoked) return [];
  const made = (view.buttons || []).map((button) => tap(message, button, act));
  if (view.list) {
    made.push(el("button", { type: "button", className: "tap", data: { testid: "phone-list-button" }, onclick: () => act("list", message, view.list) }, icon("list"), view.list.button));
  }
  return made.length ? [el("div", { className: "taps" }, ...made)] : [];
}

function tap(message, button, act) {
  const properties = { className: "tap", data: { testid: "phone-reply-button", kind: button.kind } };
  const inside = [icon(BUTTON_ICONS[button.kind] || "form"), button.text];
  if (button.kind === "url") return Object.assign(outside(button.url || "", ...inside), { className: "tap" });
  if (button.kind === "phone") return el("a", { ...properties, href: `tel:${String(button.number).replace(/[^+\d]/g, "")}` }, ...inside);
  if (button.kind === "other") return el("p", { className: "tap still" }, ...inside);
  return el("button", { ...properties, type: "button", onclick: () => act(button.kind, message, button) }, ...inside);
}

function carousel(message, cards, act) {
  const made = cards.map((view) =>
    el("li", { className: "card" }, el("div", { className: "card-body" }, ...content({ ...message, quoted: null }, { ...view, cards: undefined }, act)), ...buttons(message, view, act)),
  );
  return el("ul", { className: "cards", tabIndex: 0, "aria-label": "Cards" }, ...made);
}

// A long press stands in for hovering on touch screens.
function holdToOpen(node, open) {
  let timer;
  const stop = () => clearTimeout(timer);
  node.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") timer = setTimeout(open, 480);
  });
  for (const name of ["pointerup", "pointermove", "pointercancel"]) node.addEventListener(name, stop);
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, audio, video")) return;
    event.preventDefault();
    open();
  });
}
