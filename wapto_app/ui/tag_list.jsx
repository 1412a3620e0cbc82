import { useEffect, useId, useMemo, useRef, useState } from "react";
import { plain } from "./combobox.jsx";
import { tr } from "./i18n.jsx";

const SHOWN = 100;

// The inside of the tag picker: search, tick, and make a tag while typing. One event per tick; the tick is drawn at once
// and falls back to what the server says.
// `find` and `none` are words for a list of something else that has a name. With `isOnce` the first choice closes it.
export function TagList({ tags, chosen, mayCreate, loading, isWide, isOnce, find, none, onOpen, onToggle, onCreate }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const [pending, setPending] = useState({});
  const list = useRef(null);
  const id = useId();
  const marked = (tag) => pending[tag.id] ?? chosen.includes(tag.id);

  useEffect(() => {
    onOpen?.();
  }, []);
  useEffect(() => setPending({}), [JSON.stringify(chosen)]);
  // Those that are on stand first, as they were when the list was opened: nothing jumps away under the pointer.
  const first = useRef(chosen);
  const sorted = useMemo(() => [...tags].sort((a, b) => first.current.includes(b.id) - first.current.includes(a.id)), [tags]);
  const hint = find ?? (mayCreate ? tr("Find or create a tag") : tr("Find a tag"));
  const words = plain(query).split(" ").filter(Boolean);
  const found = sorted.filter((tag) => words.every((word) => plain(tag.name).includes(word))).slice(0, SHOWN);
  const name = query.trim().replace(/\s+/g, " ");
  const isNew = mayCreate && !loading && name !== "" && !tags.some((tag) => tag.name.toLowerCase() === name.toLowerCase());
  const rows = isNew ? [...found, null] : found;
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const choose = (tag) => {
    if (tag === undefined) return;
    if (tag === null) {
      onCreate(name);
      setQuery("");
      return;
    }
    if (!isOnce) setPending({ ...pending, [tag.id]: !marked(tag) });
    onToggle(tag.id, !marked(tag));
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((active + step + rows.length) % Math.max(1, rows.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOnce) list.current?.children[active]?.click();
      else choose(rows[active]);
    }
  };
  const row = (key, i, content, selected, tag) => (
    <li key={key} id={`${id}-${i}`} role="option" aria-selected={selected} data-close={isOnce || undefined} onPointerDown={(e) => e.preventDefault()} onClick={() => choose(tag)}
      onPointerMove={() => setActive(i)}
      className={`flex min-h-8 cursor-default items-center gap-2 rounded-md px-2 py-1 text-sm pointer-coarse:min-h-11 ${i === active ? "bg-hover" : ""}`}>
      {content}
    </li>
  );
  return (
    <div className={`flex max-w-full flex-col gap-1 ${isWide ? "" : "w-64"}`}>
      <input type="text" role="combobox" aria-expanded="true" aria-controls={id} aria-autocomplete="list" data-autofocus="true" autoComplete="off"
        aria-activedescendant={rows.length ? `${id}-${active}` : undefined} aria-label={hint} placeholder={hint} maxLength={50} className="control" value={query}
        onChange={(event) => { setQuery(event.target.value); setActive(0); }} onKeyDown={keys} />
      <ul ref={list} id={id} role="listbox" aria-multiselectable="true" aria-label={find ?? tr("Tags")} className="scroll-thin max-h-64 overflow-y-auto">
        {found.map((tag, i) => row(tag.id, i, (
          <>
            {tag.colour && <span aria-hidden="true" className="tag-dot" data-colour={tag.colour} />}
            <span dir="auto" className="min-w-0 flex-1 truncate">{tag.name}</span>
            {marked(tag) && <Tick />}
          </>
        ), marked(tag), tag))}
        {isNew && row("new", found.length, <span className="min-w-0 flex-1 truncate">{tr("Create “{name}”", { name })}</span>, false, null)}
        {rows.length === 0 && !loading && (
          <li className="px-2 py-1.5 text-sm text-muted">{tags.length || query ? tr("Nothing found.") : none ?? tr("There are no tags yet.")}</li>
        )}
        {loading && tags.length === 0 && <li className="px-2 py-1.5 text-sm text-muted">{tr("Loading…")}</li>}
      </ul>
    </div>
  );
}

const Tick = () => (
  <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className="flex-none text-accent-ink">
    <path d="m5 13 4 4L19 7" />
  </svg>
);
