import { useEffect, useMemo, useRef, useState } from "react";
import { locale, tr } from "./i18n.jsx";

const DATA = { en: () => import("emojibase-data/en/compact.json"), es: () => import("emojibase-data/es/compact.json") };
const GROUPS = [
  ["recent", "🕘", () => tr("Recent")],
  [0, "😀", () => tr("Smileys")],
  [1, "👋", () => tr("People")],
  [3, "🐻", () => tr("Animals and nature")],
  [4, "🍎", () => tr("Food and drink")],
  [5, "🚗", () => tr("Travel and places")],
  [6, "⚽", () => tr("Activities")],
  [7, "💡", () => tr("Objects")],
  [8, "❤️", () => tr("Symbols")],
  [9, "🏁", () => tr("Flags")],
];
const TONES = ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"];
const [RECENT, SKIN, COLUMNS, MOST] = ["wapto.emoji.recent", "wapto.emoji.skin", 8, 120];
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function stored(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be off; then nothing is remembered.
  }
}

// By language. What is known is there at once when the picker opens again.
const known = {};

function useEmoji() {
  const language = locale() in DATA ? locale() : "en";
  const [all, setAll] = useState(known[language] ?? null);
  useEffect(() => {
    if (!all) DATA[language]().then((found) => setAll(known[language] = found.default), () => setAll([]));
  }, []);
  return all;
}

// Without the sign that asks for colour where colour is meant anyway: phones send it without, too.
const bare = (emoji) => (/^\p{Emoji_Presentation}\uFE0F$/u.test(emoji) ? emoji.slice(0, -1) : emoji);

// How well an emoji fits, the best first: its name, the beginning of its name, one of its words, anything.
function rank(entry, words) {
  const label = plain(entry.label);
  if (label === words) return 0;
  if (label.startsWith(words)) return 1;
  return (entry.tags ?? []).some((tag) => plain(tag) === words) ? 2 : 3;
}

function matching(all, typed) {
  const words = plain(typed.trim());
  const fits = (entry) => {
    const text = plain([entry.label, ...(entry.tags ?? [])].join(" "));
    return words.split(/\s+/).every((word) => text.includes(word));
  };
  const found = all.filter((entry) => entry.group !== undefined && entry.group !== 2 && fits(entry));
  return found.sort((a, b) => rank(a, words) - rank(b, words)).slice(0, MOST);
}

// Arrow keys walk over the grid.
function walk(event, back) {
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (!step || at < 0) return;
  event.preventDefault();
  if (at + step < 0) back();
  else buttons[Math.min(buttons.length - 1, at + step)]?.focus();
}

export default function EmojiPicker({ onPick, onClose }) {
  const all = useEmoji();
  const root = useRef(null);
  const input = useRef(null);
  const [words, setWords] = useState("");
  const [recent, setRecent] = useState(() => stored(RECENT, []));
  const [group, setGroup] = useState(() => (stored(RECENT, []).length ? "recent" : 0));
  const [tone, setTone] = useState(() => stored(SKIN, 0));

  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) input.current?.focus();
    const away = (event) => { if (!root.current?.contains(event.target) && !event.target.closest?.("[aria-pressed=true]")) onClose(); };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);

  const shown = useMemo(() => {
    if (!all) return null;
    if (words.trim()) return matching(all, words);
    if (group === "recent") return recent.map((unicode) => ({ unicode, label: unicode }));
    return all.filter((entry) => entry.group === group);
  }, [all, words, group, recent]);
  const toned = (entry) => bare(tone && entry.skins?.length >= 5 ? entry.skins[tone - 1].unicode : entry.unicode);
  const pick = (entry) => {
    const emoji = toned(entry);
    const next = [emoji, ...recent.filter((each) => each !== emoji)].slice(0, 32);
    setRecent(next);
    store(RECENT, next);
    onPick(emoji);
  };
  // Who types and presses Enter faster than the emoji arrive gets the first one when they are there.
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (!wanted || !shown) return;
    setWanted(false);
    if (shown[0]) pick(shown[0]);
  }, [wanted, shown]);
  const choose = (next) => { setTone(next); store(SKIN, next); };

  return (
    <div ref={root} role="dialog" aria-label={tr("Emoji")} data-testid="emoji-picker" onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}
      className="absolute start-3 bottom-full z-20 mb-1 flex h-80 w-84 max-w-[calc(100vw-1.5rem)] flex-col rounded-lg bg-raised shadow-pop">
      <div className="flex items-center gap-1 p-2">
        <input ref={input} value={words} onChange={(event) => setWords(event.target.value)} placeholder={tr("Search emoji")} aria-label={tr("Search emoji")} dir="auto"
          onKeyDown={(event) => {
            if (event.key === "Enter") { event.preventDefault(); setWanted(true); }
            else if (event.key === "ArrowDown") { event.preventDefault(); root.current.querySelector("[role=grid] button")?.focus(); }
          }}
          className="h-8 min-w-0 flex-1 rounded-md border bg-surface px-2 text-sm outline-offset-0 placeholder:text-faint max-sm:text-base" />
        <select value={tone} onChange={(event) => choose(Number(event.target.value))} aria-label={tr("Skin tone")} data-tip={tr("Skin tone")} className="h-8 flex-none rounded-md bg-transparent px-1 text-lg">
          {TONES.map((hand, at) => <option key={hand} value={at}>{hand}</option>)}
        </select>
      </div>
      <div role="tablist" aria-label={tr("Categories")} className="flex justify-between border-b px-2">
        {GROUPS.map(([key, face, label]) => (
          <button key={key} type="button" role="tab" aria-selected={!words && group === key} aria-label={label()} data-tip={label()} onClick={() => { setWords(""); setGroup(key); }}
            className="grid h-8 min-w-7 place-items-center border-b-2 border-transparent text-base opacity-70 hover:opacity-100 aria-selected:border-accent aria-selected:opacity-100">{face}</button>
        ))}
      </div>
      <div role="grid" aria-label={tr("Emoji")} onKeyDown={(event) => walk(event, () => input.current.focus())} className="scroll-thin grid min-h-0 flex-1 auto-rows-min grid-cols-8 overflow-y-auto p-2">
        {(shown ?? []).map((entry) => (
          <button key={entry.unicode} type="button" tabIndex={-1} aria-label={entry.label} title={entry.label} onClick={() => pick(entry)} className="grid h-9 place-items-center rounded-md text-xl hover:bg-hover focus:bg-hover">{toned(entry)}</button>
        ))}
        {shown?.length === 0 && <p className="col-span-8 p-4 text-center text-sm text-muted">{words ? tr("Nothing found.") : tr("What you use appears here.")}</p>}
      </div>
    </div>
  );
}
