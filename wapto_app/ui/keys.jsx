import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { openDialog } from "./overlay.jsx";

const shortcuts = new Set();
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable=true]") && !target.closest("[type=checkbox], [type=radio]");
const isMac = () => /Mac|iPhone|iPad/.test(navigator.platform);

function matches(combo, event) {
  const parts = combo.toLowerCase().split("+");
  const key = parts.pop() || "+";
  const mod = parts.includes("mod");
  if (mod !== (isMac() ? event.metaKey : event.ctrlKey) || event.altKey !== parts.includes("alt")) return false;
  if (key.length > 1 || /[a-z]/.test(key)) {
    if (event.shiftKey !== parts.includes("shift")) return false;
  }
  return event.key.toLowerCase() === key;
}

// The first key of a pair such as "g i", for as long as the second one is awaited.
let first = "";
let forget;
const PAIR_MS = 1500;

function press(event) {
  if (event.defaultPrevented || event.isComposing || event.key === "Shift") return;
  const busy = document.querySelector("dialog:modal, [popover]:popover-open[role]");
  const began = first;
  first = "";
  clearTimeout(forget);
  for (const { combo, run, anywhere } of [...shortcuts].reverse()) {
    if (!anywhere && (busy || typing(event.target))) continue;
    const [one, two] = combo.split(" ");
    if (two && !began && matches(one, event)) {
      first = one;
      forget = setTimeout(() => { first = ""; }, PAIR_MS);
      continue;
    }
    if (two ? began !== one || !matches(two, event) : began || !matches(one, event)) continue;
    event.preventDefault();
    run();
    return;
  }
}

// While it is on the page, the keys run its event. `combo`: "j", "?", "shift+n", "mod+k" (Ctrl, or Command on a Mac), "g i".
export function Shortcut({ combo, label, group, onPress }) {
  const run = useRef(onPress);
  useEffect(() => { run.current = onPress; });
  useEffect(() => {
    const shortcut = { combo, label, group, run: () => run.current?.(), anywhere: combo.startsWith("mod+") };
    if (shortcuts.size === 0) document.addEventListener("keydown", press);
    shortcuts.add(shortcut);
    return () => {
      shortcuts.delete(shortcut);
      if (shortcuts.size === 0) document.removeEventListener("keydown", press);
    };
  }, [combo, label, group]);
  return null;
}

// For "?" and the palette: what the keys do on the page as it is now.
export const known = () => [...shortcuts].filter((shortcut) => shortcut.label);

// Presses the button of the page that has this name in `data-key`; what is not there cannot be done now.
export const pressOn = (name) => [...document.querySelectorAll(`[data-key="${name}"]`)].find((one) => one.checkVisibility())?.click();
export const focusOn = (selector) => [...document.querySelectorAll(selector)].find((one) => one.checkVisibility())?.focus();

// From row to row of the list: the next one gets the focus, and opens when one is open already.
export function step(by) {
  const rows = [...document.querySelectorAll("[data-testid=conversation-row]")];
  if (!rows.length) return;
  const open = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const focused = rows.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : open;
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  if (open >= 0) next.click();
}

// "g" and a letter go to a page.
export function GoKeys({ pages, group }) {
  const navigate = useNavigate();
  return pages.map(({ keys, href, label }) => <Shortcut key={keys} combo={keys} label={label} group={group} onPress={() => navigate(href)} />);
}

const names = { mod: () => (isMac() ? "⌘" : "Ctrl"), shift: () => "⇧", alt: () => (isMac() ? "⌥" : "Alt"), escape: () => "Esc", enter: () => "↵" };

export function Keys({ combo, className }) {
  // The server does not know the reader's keyboard; it is drawn once the browser is there.
  const [drawn, setDrawn] = useState(false);
  useEffect(() => setDrawn(true), []);
  const parts = combo.split(/[+ ]/).map((part) => (drawn && names[part]?.()) || (part === "mod" ? "Ctrl" : part.length === 1 ? part.toUpperCase() : part));
  return (
    <span className={`inline-flex gap-0.5 ${className ?? ""}`}>
      {parts.map((part, at) => <kbd key={at} className="grid h-5 min-w-5 place-items-center rounded border bg-sunken px-1 font-sans text-xs text-muted">{part}</kbd>)}
    </span>
  );
}

export const PALETTE = "wapto-palette";
export const SHORTCUTS = "wapto-shortcuts";
export const openPalette = () => openDialog(PALETTE);
export const openShortcuts = () => openDialog(SHORTCUTS);
