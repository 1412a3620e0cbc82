// Small building blocks: elements, icons, times, WhatsApp's text formatting. Never innerHTML.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export function icon(name, className = "icon") {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function byId(id) {
  return document.getElementById(id);
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return "Today";
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  return date.toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" });
}

export function shortTime(seconds) {
  return day(seconds) === "Today" ? clock(seconds) : day(seconds);
}

export function initials(name) {
  const words = name.replace(/^\+/, "").trim().split(/\s+/);
  return (words[0][0] + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

export function tone(key) {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + char.codePointAt(0)) % 997;
  return `tone-${sum % 6}`;
}

export function fileSize(bytes) {
  if (!bytes) return "";
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

const INLINE = new RegExp(
  [
    "```([\\s\\S]+?)```",
    "`([^`\\n]+)`",
    "(?<![\\p{L}\\p{N}])\\*(?=\\S)([^*\\n]*[^*\\s])\\*(?![\\p{L}\\p{N}])",
    "(?<![\\p{L}\\p{N}])_(?=\\S)([^_\\n]*[^_\\s])_(?![\\p{L}\\p{N}])",
    "(?<![\\p{L}\\p{N}])~(?=\\S)([^~\\n]*[^~\\s])~(?![\\p{L}\\p{N}])",
    "(https?:\\/\\/[^\\s<>\"]*[^\\s<>\".,;:!?)])",
  ].join("|"),
  "gu",
);
const TAGS = ["pre", "code", "strong", "em", "s"];

function inline(text) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    const group = match.slice(1).findIndex((part) => part !== undefined);
    const inner = match[group + 1];
    if (group === 5) nodes.push(outside(inner, inner));
    else nodes.push(el(TAGS[group], {}, ...(group < 2 ? [inner] : inline(inner))));
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}

export function outside(url, ...content) {
  const safe = /^https?:\/\//i.test(url);
  return safe ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...content) : el("span", {}, ...content);
}

function line(text) {
  if (text.startsWith("> ")) return el("blockquote", {}, ...inline(text.slice(2)));
  const bullet = text.match(/^[-*] (.*)$/);
  if (bullet) return el("span", { className: "bullet" }, ...inline(bullet[1]));
  return el("span", { className: "line" }, ...inline(text));
}

// One line without the marks, for quotes and the list of chats.
export function unformatted(text) {
  return formatted(text)
    .map((part) => part.textContent ?? part)
    .join(" ");
}

// Multi-line code stays one block; everything else is formatted line by line.
export function formatted(text) {
  const parts = String(text).split(/(```[\s\S]+?```)/);
  return parts.flatMap((part) => (part.startsWith("```") ? inline(part) : part.split("\n").map(line)));
}
