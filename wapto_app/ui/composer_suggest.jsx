import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import Paperclip from "lucide-react/dist/esm/icons/paperclip.mjs";
import { tr } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";
import { Field, FIELD, PLAIN, PRIMARY } from "./composer_parts.jsx";
import { insert } from "./composer_text.jsx";

const REST = 120;
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// `waits`: the rows are not yet those of what was typed; who presses Enter meanwhile gets the first one when they are.
function useList(rows, pick, close, handle, waits = false, eager = { current: false }) {
  const [active, setActive] = useState(0);
  useEffect(() => setActive(0), [rows.length]);
  useEffect(() => {
    if (waits || !eager.current) return;
    eager.current = false;
    if (rows.length) pick(rows[0]);
  }, [waits, rows]);
  useEffect(() => {
    handle.current = (event) => {
      if (event.key === "Escape") { event.preventDefault(); close(); return true; }
      if (waits && event.key === "Enter" && !event.shiftKey) { event.preventDefault(); eager.current = true; return true; }
      if (!rows.length) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); setActive((now) => (now + step + rows.length) % rows.length); return true; }
      if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") { event.preventDefault(); pick(rows[Math.min(active, rows.length - 1)]); return true; }
      return false;
    };
    return () => { handle.current = null; };
  });
  return [active, setActive];
}

function List({ label, rows, active, onActive, onPick, empty, children }) {
  const box = useRef(null);
  useEffect(() => { box.current?.children[active]?.scrollIntoView({ block: "nearest" }); }, [active]);
  return (
    <ul ref={box} role="listbox" aria-label={label} className="scroll-thin absolute inset-x-0 bottom-full z-20 mb-1 max-h-64 overflow-y-auto rounded-lg bg-raised p-1 shadow-pop">
      {rows.map((row, at) => (
        <li key={row.id} role="option" aria-selected={at === active} onPointerDown={(event) => event.preventDefault()} onPointerMove={() => onActive(at)} onClick={() => onPick(row)}
          className={`flex min-h-9 cursor-default items-center gap-2 rounded-md px-2 py-1 text-sm pointer-coarse:min-h-11 ${at === active ? "bg-hover" : ""}`}>{children(row)}</li>
      ))}
      {rows.length === 0 && empty && <li className="px-2 py-1.5 text-sm text-muted">{empty}</li>}
    </ul>
  );
}

function Gaps({ reply, errors, onDone, onClose }) {
  const [values, setValues] = useState({});
  const isFull = reply.missing.every((name) => values[name]?.trim());
  // React hands events of a dialog on to what it was opened from: the form of the composer would send what is in the box.
  const done = (event) => { event.preventDefault(); event.stopPropagation(); if (isFull) onDone(values); };
  // Out of that form in the document, too: a browser lets nobody above an outer form hear that an inner one is submitted.
  return createPortal(
    <Dialog open title={tr("Fill in {name}", { name: `/${reply.shortcut}` })} width="440px" onClose={onClose}>
      <form onSubmit={done} className="flex flex-col gap-4">
        <p dir="auto" className="rounded-md bg-sunken p-3 text-sm whitespace-pre-wrap">{reply.body}</p>
        {reply.missing.map((name, at) => (
          <Field key={name} label={name} error={errors?.[name]}><input required value={values[name] ?? ""} dir="auto" data-autofocus={at === 0 ? "true" : undefined} onChange={(event) => setValues({ ...values, [name]: event.target.value })} className={FIELD} /></Field>
        ))}
        <div className="flex justify-end gap-2"><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="submit" disabled={!isFull} className={PRIMARY}>{tr("Insert")}</button></div>
      </form>
    </Dialog>,
    document.body,
  );
}

function QuickReplies({ conversation, typed, replies, eager, write, handle, area, errors, onFind, onUse, onAway }) {
  const [asked, setAsked] = useState(null);
  const timer = useRef(null);
  useEffect(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFind(conversation, typed), REST);
    return () => clearTimeout(timer.current);
  }, [conversation, typed]);
  const use = (reply, values) => {
    setAsked(null);
    write(reply.missing.reduce((text, name) => text.replaceAll(new RegExp(`\\{\\{\\s*${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*\\}\\}`, "gi"), values[name].trim()), reply.body));
    onUse(conversation, reply.id, values);
    requestAnimationFrame(() => { const box = area.current; box?.focus(); box?.setSelectionRange(box.value.length, box.value.length); });
  };
  const pick = (reply) => (reply.missing.length ? setAsked(reply) : use(reply, {}));
  const waits = replies?.asked !== `${conversation}/${typed}`;
  const shown = replies?.rows ?? [];
  const [active, setActive] = useList(shown, pick, onAway, handle, waits, eager);
  if (asked) return <Gaps reply={asked} errors={errors} onDone={(values) => use(asked, values)} onClose={() => { setAsked(null); area.current?.focus(); }} />;
  return (
    <List label={tr("Quick replies")} rows={shown} active={active} onActive={setActive} onPick={pick} empty={waits ? null : tr("No quick reply begins like this.")}>
      {(reply) => (
        <>
          <span className="flex-none font-medium" dir="auto">/{reply.shortcut}</span>
          <span className="min-w-0 flex-1 truncate text-muted" dir="auto">{reply.body || reply.title}</span>
          {reply.file && <Paperclip size={14} aria-label={tr("With a file")} className="flex-none text-muted" />}
        </>
      )}
    </List>
  );
}

function People({ conversation, typed, people, write, handle, area, mentions, onFind, onAway }) {
  useEffect(() => { onFind(conversation); }, [conversation]);
  const shown = (people ?? []).filter(({ name }) => fold(name).includes(fold(typed))).slice(0, 30);
  const pick = (person) => {
    mentions.current.set(person.id, person.name);
    insert(area.current, `@${person.name} `, write, typed.length + 1);
  };
  const [active, setActive] = useList(shown, pick, onAway, handle);
  return (
    <List label={tr("Colleagues")} rows={shown} active={active} onActive={setActive} onPick={pick} empty={tr("No colleague who sees this conversation is called that.")}>
      {(person) => <span className="flex-1 truncate" dir="auto">{person.name}</span>}
    </List>
  );
}

// The list above the box. Escape puts it away until something else is typed.
export default function Suggestions({ note, text, typed, ...rest }) {
  const [away, setAway] = useState("");
  useEffect(() => {
    if (away !== text) return;
    rest.handle.current = () => false;
    return () => { rest.handle.current = null; };
  }, [away, text]);
  if (away === text) return null;
  const shared = { ...rest, typed, onAway: () => setAway(text) };
  if (note) return <People {...shared} people={rest.people} onFind={rest.onFindPeople} />;
  return <QuickReplies {...shared} onFind={rest.onFindReplies} />;
}
