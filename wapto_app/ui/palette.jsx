import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { locale, tr } from "./i18n.jsx";
import { known, Keys, PALETTE } from "./keys.jsx";
import { closeDialog } from "./overlay.jsx";

const REST_MS = 250;
const FEWEST = 2;
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase(locale());

// Every word must occur; a hit at the start of the label comes first.
function search(items, query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  return items
    .map((item) => ({ item, label: plain(item.label), text: plain(`${item.label} ${item.group ?? ""} ${item.keywords ?? ""}`) }))
    .filter(({ text }) => words.every((word) => text.includes(word)))
    .sort((a, b) => (words.length ? Number(b.label.startsWith(words[0])) - Number(a.label.startsWith(words[0])) : 0))
    .map(({ item }) => item);
}

// What the keys of the page do, as lines to choose.
const deeds = () => known().filter(({ combo }) => combo !== "mod+k" && !combo.includes(" "))
  .map(({ combo, label, group, run }) => ({ id: `key-${combo}`, label, group, combo, run }));

function Line({ item, active, onMove, onPick }) {
  return (
    <li id={`palette-${item.id}`} role="option" aria-selected={active} onPointerMove={onMove} onClick={onPick}
      className="flex min-h-10 cursor-pointer items-center justify-between gap-4 rounded-md px-3 text-sm aria-selected:bg-hover">
      <span className="min-w-0"><bdi className="block truncate">{item.label}</bdi>{item.text && <bdi className="block truncate text-xs text-muted">{item.text}</bdi>}</span>
      {item.combo ? <Keys combo={item.combo} /> : <span className="flex-none text-xs text-muted">{item.group}</span>}
    </li>
  );
}

// Ctrl-K. `items`: {id, label, group?, href, keywords?, permission?}. `found`: what the server has for the words, for `asked`.
export function Palette({ items, granted, found, recent, asked, onOpen, onSearch }) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const navigate = useNavigate();
  const here = useMemo(deeds, []);
  const words = query.trim();
  const pages = items.filter((item) => !item.permission || (granted ?? []).includes(item.permission));
  const rows = (all) => (all ?? []).map((row) => ({ id: `${row.kind}-${row.id}`, label: row.name, text: row.text, href: row.href, group: row.kind === "message" ? tr("Message") : tr("Conversation") }));
  const theirs = words.length >= FEWEST ? (asked === words ? rows(found) : []) : rows(recent);
  const own = search([...here, ...pages], query);
  const lines = words ? [...own, ...theirs] : [...theirs, ...own];
  const active = Math.min(at, lines.length - 1);

  useEffect(() => { onOpen?.(); }, []);
  useEffect(() => {
    if (words.length < FEWEST) return undefined;
    const timer = setTimeout(() => onSearch?.(words), REST_MS);
    return () => clearTimeout(timer);
  }, [words]);
  useEffect(() => { list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }); }, [active]);

  const pick = (item) => {
    closeDialog(PALETTE);
    if (item.href) navigate(item.href);
    // What it does may look for what has the focus, or open something of its own: first the palette goes.
    else setTimeout(item.run);
  };
  const keys = (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (to !== undefined && lines.length) {
      event.preventDefault();
      setAt((to + lines.length) % lines.length);
    } else if (event.key === "Enter" && lines[active] && !event.nativeEvent.isComposing) {
      event.preventDefault();
      pick(lines[active]);
    }
  };
  return (
    <div className="-mx-5 -mt-1 -mb-5">
      <input autoFocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={lines[active] ? `palette-${lines[active].id}` : undefined}
        aria-label={tr("Search pages, actions and customers")} placeholder={tr("Search pages, actions and customers")} autoComplete="off" spellCheck={false}
        value={query} onChange={(e) => { setQuery(e.target.value); setAt(0); }} onKeyDown={keys}
        className="h-13 w-full border-b bg-transparent px-5 text-base outline-none" />
      <ul ref={list} id="palette-list" role="listbox" aria-label={tr("Results")} className="scroll-thin max-h-80 overflow-y-auto p-2">
        {lines.map((item, i) => <Line key={item.id} item={item} active={i === active} onMove={() => setAt(i)} onPick={() => pick(item)} />)}
      </ul>
      {lines.length === 0 && <p role="status" className="px-5 pb-8 text-center text-sm text-muted">{asked !== words && words.length >= FEWEST ? tr("Searching …") : tr("Nothing found for “{query}”.", { query })}</p>}
    </div>
  );
}

// "?": what the keys do, by where they do it.
export function ShortcutList() {
  const groups = useMemo(() => Map.groupBy?.(known(), ({ group }) => group ?? "") ?? new Map([["", known()]]), []);
  return [...groups].map(([group, list]) => (
    <section key={group} className="not-first:mt-5">
      {group && <h3 className="pb-1 text-xs font-medium text-muted">{group}</h3>}
      <dl className="divide-y">
        {list.map(({ combo, label }) => (
          <div key={combo} className="flex items-center justify-between gap-4 py-2 text-sm">
            <dt>{label}</dt>
            <dd><Keys combo={combo} /></dd>
          </div>
        ))}
      </dl>
    </section>
  ));
}
