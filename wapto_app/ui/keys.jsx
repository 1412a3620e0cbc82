import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { locale, tr } from "./i18n.jsx";
import { closeDialog, Dialog, openDialog } from "./overlay.jsx";

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

function press(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const modal = document.querySelector("dialog:modal");
  for (const { combo, run, anywhere } of [...shortcuts].reverse()) {
    if (!matches(combo, event)) continue;
    if (!anywhere && (modal || typing(event.target))) continue;
    event.preventDefault();
    run();
    return;
  }
}

// While it is on the page, the keys run its event. `combo`: "j", "?", "shift+n", "mod+k" (Ctrl, or Command on a Mac).
export function Shortcut({ combo, label, onPress }) {
  const run = useRef(onPress);
  useEffect(() => { run.current = onPress; });
  useEffect(() => {
    const shortcut = { combo, label, run: () => run.current?.(), anywhere: combo.startsWith("mod+") };
    if (shortcuts.size === 0) document.addEventListener("keydown", press);
    shortcuts.add(shortcut);
    return () => {
      shortcuts.delete(shortcut);
      if (shortcuts.size === 0) document.removeEventListener("keydown", press);
    };
  }, [combo, label]);
  return null;
}

const names = { mod: () => (isMac() ? "⌘" : "Ctrl"), shift: () => "⇧", alt: () => (isMac() ? "⌥" : "Alt"), escape: () => "Esc", enter: () => "↵" };

export function Keys({ combo, className }) {
  // The server does not know the reader's keyboard; it is drawn once the browser is there.
  const [known, setKnown] = useState(false);
  useEffect(() => setKnown(true), []);
  const parts = combo.split("+").map((part) => (known && names[part]?.()) || (part === "mod" ? "Ctrl" : part.length === 1 ? part.toUpperCase() : part));
  return (
    <span className={`inline-flex gap-0.5 ${className ?? ""}`}>
      {parts.map((part) => <kbd key={part} className="grid h-5 min-w-5 place-items-center rounded border bg-sunken px-1 font-sans text-xs text-muted">{part}</kbd>)}
    </span>
  );
}

const SHORTCUTS = "wapto-shortcuts";

// "?" lists what the keys do on this page.
export function ShortcutHelp() {
  const [list, setList] = useState([]);
  const show = () => {
    setList([...shortcuts].filter((shortcut) => shortcut.label));
    openDialog(SHORTCUTS);
  };
  return (
    <>
      <Shortcut combo="?" label={tr("Show the keyboard shortcuts")} onPress={show} />
      <Dialog id={SHORTCUTS} title={tr("Keyboard shortcuts")} width="440px">
        <dl className="divide-y">
          {list.map(({ combo, label }) => (
            <div key={combo} className="flex items-center justify-between gap-4 py-2 text-sm">
              <dt>{label}</dt>
              <dd><Keys combo={combo} /></dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </>
  );
}

const PALETTE = "wapto-palette";
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase(locale());

export const openPalette = () => openDialog(PALETTE);

// Every word must occur; a hit at the start of the label comes first.
function search(items, query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  return items
    .map((item) => ({ item, label: plain(item.label), text: plain(`${item.label} ${item.group ?? ""} ${item.keywords ?? ""}`) }))
    .filter(({ text }) => words.every((word) => text.includes(word)))
    .sort((a, b) => (words.length ? Number(b.label.startsWith(words[0])) - Number(a.label.startsWith(words[0])) : 0))
    .map(({ item }) => item);
}

function PaletteBody({ items, granted, onPick }) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const navigate = useNavigate();
  const found = search(items.filter((item) => !item.permission || granted.includes(item.permission)), query);
  const active = Math.min(at, found.length - 1);

  useEffect(() => { list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }); }, [active]);

  const pick = (item) => {
    closeDialog(PALETTE);
    if (item.href) navigate(item.href);
    else onPick?.(item.id);
  };
  const keys = (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (to !== undefined && found.length) {
      event.preventDefault();
      setAt((to + found.length) % found.length);
    } else if (event.key === "Enter" && found[active] && !event.nativeEvent.isComposing) {
      event.preventDefault();
      pick(found[active]);
    }
  };
  return (
    <div className="-mx-5 -mt-1 -mb-5">
      <input data-autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found[active] ? `palette-${found[active].id}` : undefined}
        aria-label={tr("Search pages and actions")} placeholder={tr("Search pages and actions")} autoComplete="off" spellCheck={false}
        value={query} onChange={(e) => { setQuery(e.target.value); setAt(0); }} onKeyDown={keys}
        className="h-13 w-full border-b bg-transparent px-5 text-base outline-none" />
      <ul ref={list} id="palette-list" role="listbox" aria-label={tr("Results")} className="scroll-thin max-h-80 overflow-y-auto p-2">
        {found.map((item, i) => (
          <li key={item.id} id={`palette-${item.id}`} role="option" aria-selected={i === active} onPointerMove={() => setAt(i)} onClick={() => pick(item)}
            className="flex h-10 cursor-pointer items-center justify-between gap-4 rounded-md px-3 text-sm aria-selected:bg-hover">
            <span className="truncate">{item.label}</span>
            <span className="flex-none text-xs text-muted">{item.group}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status" className="px-5 pb-8 text-center text-sm text-muted">{tr("Nothing found for “{query}”.", { query })}</p>}
    </div>
  );
}

// Ctrl-K. Items: {id, label, group?, href? or answered by onPick, keywords?, permission?}.
export function CommandPalette({ items, granted, onPick }) {
  return (
    <>
      <Shortcut combo="mod+k" label={tr("Search pages and actions")} onPress={openPalette} />
      <Dialog id={PALETTE} kind="palette" label={tr("Search pages and actions")} width="560px">
        <PaletteBody items={items} granted={granted ?? []} onPick={onPick} />
      </Dialog>
    </>
  );
}
