import { useEffect, useId, useRef, useState } from "react";
import { locale, tr, trn, trServer } from "./i18n.jsx";
import { Time } from "./time.jsx";
import { openLightbox } from "./lightbox.jsx";

const KEY = "wapto.panel";

function recall(id, start) {
  try {
    return JSON.parse(localStorage.getItem(KEY))?.[id] ?? start;
  } catch {
    return start;
  }
}

function remember(id, open) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...JSON.parse(localStorage.getItem(KEY)), [id]: open }));
  } catch {
    // Not remembered then.
  }
}

// A section that folds, and is found as it was left. Its content exists only while it is open; `onOpen` fetches it, and
// again when `subject` is another one.
export function Fold({ id, title, count, startOpen, subject, onOpen, action, children }) {
  const name = useId();
  const [open, setOpen] = useState(() => recall(id, startOpen ?? false));
  const fetchIt = useRef(onOpen);
  useEffect(() => { fetchIt.current = onOpen; });
  useEffect(() => { if (open) fetchIt.current?.(); }, [open, subject]);
  const toggle = () => { remember(id, !open); setOpen(!open); };
  return (
    <section aria-labelledby={name} className="border-b last:border-0">
      <div className="flex items-center pe-3">
        <h3 id={name} className="min-w-0 flex-1">
          <button type="button" aria-expanded={open} onClick={toggle} className="flex h-10 w-full items-center gap-2 ps-5 text-start text-sm font-medium -outline-offset-2 pointer-coarse:h-12">
            <svg width="14" height="14" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className={`flex-none text-muted transition-transform ${open ? "rotate-90" : "rtl:rotate-180"}`}><path d="m9 6 6 6-6 6" /></svg>
            <span className="truncate">{title}</span>
            {count > 0 && <span className="text-xs text-muted tabular-nums">{count}</span>}
          </button>
        </h3>
        {action}
      </div>
      {open && <div className="px-5 pb-4 text-sm">{children}</div>}
    </section>
  );
}

const LOOK = "control w-full";
const words = (kind, value) => {
  if (kind === "yes_no") return value === "yes" ? tr("Yes") : value === "no" ? tr("No") : "";
  if (kind === "date" && value) return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${value}T12:00:00Z`));
  return value;
};

function Field({ kind, options, label, value, max, describedBy, onDone, onCancel }) {
  const [text, setText] = useState(value ?? "");
  const left = useRef(false);
  const done = (next = text) => { if (!left.current) { left.current = true; onDone(next); } };
  const keys = (event) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") { event.stopPropagation(); left.current = true; onCancel(); }
    else if (event.key === "Enter" && (kind !== "long_text" || event.ctrlKey || event.metaKey)) { event.preventDefault(); done(); }
  };
  const props = { "aria-label": label, "aria-describedby": describedBy, autoFocus: true, className: LOOK, value: text, onKeyDown: keys, onBlur: () => done(), dir: "auto" };
  const change = (event) => setText(event.target.value);
  if (kind === "select" || kind === "yes_no") {
    const choices = kind === "select" ? (options ?? []).map((one) => [one, one]) : [["yes", tr("Yes")], ["no", tr("No")]];
    return <select {...props} onChange={(event) => done(event.target.value)}><option value="">{tr("Nothing chosen")}</option>{choices.map(([key, name]) => <option key={key} value={key}>{name}</option>)}</select>;
  }
  if (kind === "long_text") return <textarea {...props} rows={5} maxLength={max} onChange={change} />;
  return <input {...props} type={kind === "date" ? "date" : kind === "email" ? "email" : "text"} inputMode={kind === "number" ? "decimal" : undefined} maxLength={max} autoComplete="off" onChange={change} />;
}

// A value that becomes a field when it is pressed. Enter or leaving it saves, Escape leaves it as it was.
export function InlineEdit({ label, value, kind, options, empty, max, mayEdit, error, bare, onSave }) {
  const [editing, setEditing] = useState(false);
  // What was refused stays to be mended, and what was saved is seen at once.
  const [typed, setTyped] = useState(null);
  const button = useRef(null);
  const back = useRef(false);
  const id = useId();
  useEffect(() => setTyped(null), [value]);
  useEffect(() => { if (!editing && back.current) { back.current = false; button.current?.focus(); } }, [editing]);
  const save = (text) => {
    setEditing(false);
    if (text.trim() === (value ?? "").trim()) { setTyped(null); return; }
    setTyped(text);
    onSave?.(text);
  };
  const shown = words(kind, typed ?? value);
  const problem = typed !== null && error ? trServer(error) : "";
  const name = <span className={bare ? "sr-only" : `block text-xs text-muted ${editing ? "mb-1" : ""}`}>{label}</span>;
  const look = `block min-h-5 break-words whitespace-pre-line ${shown ? "" : "text-faint"}`;
  return (
    <div className="min-w-0">
      {editing ? (
        <>{name}<Field kind={kind} options={options} label={label} value={typed ?? value} max={max} describedBy={problem ? id : undefined} onDone={save} onCancel={() => { setTyped(null); back.current = true; setEditing(false); }} /></>
      ) : mayEdit ? (
        <button ref={button} type="button" onClick={() => setEditing(true)} data-tip={tr("Change")} className="-mx-2 block w-[calc(100%+1rem)] rounded-md px-2 py-1 text-start hover:bg-hover">
          {name}<bdi className={look}>{shown || empty || tr("Add")}</bdi>
        </button>
      ) : <div className="py-1">{name}<bdi className={look}>{shown || "–"}</bdi></div>}
      {problem && <p id={id} role="alert" className="mt-1 text-xs text-danger-ink">{problem}</p>}
    </div>
  );
}

const TABS = [["media", () => tr("Pictures")], ["files", () => tr("Files")], ["links", () => tr("Links")]];
const size = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toLocaleString(locale(), { maximumFractionDigits: 1 })} MB` : `${Math.max(1, Math.round(bytes / 1e3)).toLocaleString(locale())} kB`);
const large = (event, key) => {
  // The page's own viewer takes it, unless somebody wants a tab of its own.
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openLightbox(key);
};

function Picture({ item }) {
  const from = `/media/${item.key}`;
  const name = item.text || (item.type === "video" ? tr("Video") : tr("Picture"));
  return (
    <li>
      <a href={from} target="_blank" rel="noreferrer" aria-label={name} onClick={(event) => large(event, item.key)} className="relative grid aspect-square place-items-center overflow-hidden rounded-md bg-hover">
        {item.type === "video" ? <video src={from} preload="metadata" muted tabIndex={-1} className="size-full object-cover" /> : <img src={from} alt="" loading="lazy" className="size-full object-cover" />}
        {item.type === "video" && <span className="absolute grid size-8 place-items-center rounded-full bg-black/60 text-white"><svg width="14" height="14" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true"><path d="M7 4v16l13-8z" /></svg></span>}
      </a>
    </li>
  );
}

function Line({ item, isLink }) {
  const href = isLink ? item.text : `/media/${item.key}?download=1`;
  return (
    <li>
      <a href={href} {...(isLink ? { target: "_blank", rel: "noreferrer noopener nofollow" } : { download: "" })} className="-mx-2 block rounded-md px-2 py-1.5 hover:bg-hover">
        <bdi className="block truncate">{isLink ? item.text.replace(/^https?:\/\//, "") : item.text || (item.type === "audio" ? tr("Audio") : tr("Document"))}</bdi>
        <span className="text-xs text-muted"><Time at={item.at} look="date" />{!isLink && <> · {size(item.size)}</>}</span>
      </a>
    </li>
  );
}

const same = (one, other) => one.id === other.id && one.text === other.text;

// The server sends a page at a time; what came before it stays here.
function usePages(newest, page) {
  const [kept, setKept] = useState({ page: -1, items: [] });
  useEffect(() => {
    setKept((now) => {
      if (page === 0) return { page, items: newest };
      return { page, items: [...now.items, ...newest.filter((item) => !now.items.some((known) => same(known, item)))] };
    });
  }, [newest, page]);
  return kept.page === -1 ? newest : kept.items;
}

// Pictures, files and links of the conversation, page by page.
export function Gallery({ kind, items: newest, page, more, onKind, onMore }) {
  const items = usePages(newest, page);
  return (
    <>
      <div role="tablist" aria-label={tr("Media and files")} className="mb-3 flex gap-1">
        {TABS.map(([key, name]) => (
          <button key={key} type="button" role="tab" aria-selected={kind === key} onClick={() => onKind?.(key)}
            className="h-7 rounded-full px-3 text-xs text-muted hover:bg-hover aria-selected:bg-accent-soft aria-selected:font-medium aria-selected:text-accent-ink pointer-coarse:h-9">{name()}</button>
        ))}
      </div>
      {items.length === 0 && !more && <p className="text-muted">{tr("Nothing yet.")}</p>}
      <ul data-testid="gallery" className={kind === "media" ? "grid grid-cols-3 gap-1.5" : "flex flex-col"}>
        {items.map((item, at) => (kind === "media" ? <Picture key={item.id} item={item} /> : <Line key={`${item.id}-${at}`} item={item} isLink={kind === "links"} />))}
      </ul>
      {more && <button type="button" onClick={() => onMore?.()} className="mt-2 h-8 w-full rounded-md text-xs text-muted hover:bg-hover hover:text-ink">{tr("Show more")}</button>}
    </>
  );
}

const EVENTS = {
  created: () => tr("Written down"),
  imported: () => tr("Imported"),
  first_seen: () => tr("First seen"),
  first_message: () => tr("First message"),
  messages: ({ n, m }) => `${trn("{n} message received", "{n} messages received", n)}, ${trn("{n} sent", "{n} sent", m)}`,
  campaign: (row) => tr("Campaign “{what}”", row),
  tagged: (row) => tr("Tagged {what}", row),
  untagged: (row) => tr("Tag {what} taken off", row),
  opted_out: () => tr("Wants no messages"),
  opted_in: () => tr("Wants messages again"),
  blocked: () => tr("Blocked"),
  unblocked: () => tr("Unblocked"),
  merged: (row) => tr("Merged with {what}", row),
  address_added: (row) => tr("New number {what}", row),
  address_removed: (row) => tr("Number {what} taken away", row),
  assigned: (row) => tr("Given to {what}", row),
  unassigned: (row) => tr("Taken from {what}", row),
  resolved: () => tr("Resolved"),
  reopened: () => tr("Opened again"),
  pending: () => tr("Set to pending"),
  snoozed: () => tr("Snoozed"),
  window_missed: () => tr("The 24-hour window closed without an answer"),
};

// What became of a campaign's message.
const FATES = {
  sent: () => tr("sent"),
  delivered: () => tr("delivered"),
  read: () => tr("read"),
  replied: () => tr("answered"),
  clicked: () => tr("a button was pressed"),
  failed: () => tr("failed"),
  unconfirmed: () => tr("not known whether it arrived"),
};

// What happened with the contact, newest first.
export function Timeline({ rows }) {
  return (
    <ol className="flex flex-col gap-2.5 border-s ps-4">
      {rows.map((row) => (
        <li key={row.key} className="relative before:absolute before:-start-[1.30rem] before:top-1.5 before:size-2 before:rounded-full before:bg-line-strong">
          <bdi className="block break-words">{EVENTS[row.kind]?.(row) ?? row.kind}</bdi>
          <span className="text-xs text-muted"><Time at={row.at} look="exact" />{row.by && <> · <bdi>{row.by}</bdi></>}{row.state && <> · {FATES[row.state]?.()}</>}</span>
          {row.why && <span dir="auto" className="block text-xs text-danger-ink text-pretty">{trServer(row.why)}</span>}
        </li>
      ))}
    </ol>
  );
}
