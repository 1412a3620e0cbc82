import { useEffect, useRef, useState } from "react";
import X from "lucide-react/dist/esm/icons/x.mjs";
import { tr } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";
import { Field, FIELD, PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";

const EMPTY = { contact_id: 0, name: "", phone: "", email: "", company: "" };
const MOST = 10;
const REST = 250;

function Found({ contacts, chosen, onToggle }) {
  if (!contacts?.length) return <p className="py-3 text-sm text-muted">{tr("No contact with a number was found.")}</p>;
  return (
    <ul className="scroll-thin max-h-56 divide-y overflow-y-auto rounded-md border">
      {contacts.map((contact) => (
        <li key={contact.id}>
          <label className="flex min-h-10 cursor-pointer items-center gap-3 px-3 py-1.5 text-sm hover:bg-hover">
            <input type="checkbox" checked={chosen.some(({ id }) => id === contact.id)} onChange={() => onToggle(contact)} className="size-4 accent-accent" />
            <span className="min-w-0 flex-1 truncate" dir="auto">{contact.name}</span><span className="flex-none text-xs text-muted tabular-nums">{contact.phone}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

function Chosen({ chosen, onToggle }) {
  if (!chosen.length) return null;
  return (
    <ul aria-label={tr("Chosen")} className="flex flex-wrap gap-1.5">
      {chosen.map((contact) => (
        <li key={contact.id} className="flex items-center gap-1 rounded-full bg-accent-soft ps-2.5 pe-1 text-xs text-accent-ink">
          <span dir="auto">{contact.name}</span>
          <button type="button" onClick={() => onToggle(contact)} aria-label={tr("Remove {name}", { name: contact.name })} className="grid size-6 place-items-center rounded-full hover:bg-surface"><X size={14} aria-hidden="true" /></button>
        </li>
      ))}
    </ul>
  );
}

// Cards of our own contacts, or of somebody whose details are typed.
export default function Cards({ initial, contacts, errors, mayShare, pending, onFind, onSend, onClose }) {
  const [typed, setTyped] = useState(!mayShare || Boolean(initial?.[0].name));
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState([]);
  const [card, setCard] = useState(initial?.[0].name ? initial[0] : EMPTY);
  const timer = useRef(null);
  useEffect(() => { if (mayShare) onFind(""); return () => clearTimeout(timer.current); }, []);
  const search = (text) => {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFind(text), REST);
  };
  const toggle = (contact) => setChosen((now) => (now.some(({ id }) => id === contact.id) ? now.filter(({ id }) => id !== contact.id) : [...now, contact].slice(-MOST)));
  const send = () => onSend({ cards: typed ? [card] : chosen.map(({ id }) => ({ ...EMPTY, contact_id: id })) });
  const ready = typed ? card.name.trim() && card.phone.trim() : chosen.length;
  const wrong = Object.entries(errors ?? {}).find(([field]) => field.startsWith("cards"));
  const text = (name) => ({ value: card[name], dir: "auto", className: FIELD, "aria-invalid": wrong?.[0] === `cards.0.${name}`, onChange: (event) => setCard({ ...card, [name]: event.target.value }) });
  const error = (name) => (typed && wrong?.[0] === `cards.0.${name}` ? wrong[1] : "");
  const tab = (isTyped, label) => <button type="button" role="tab" aria-selected={typed === isTyped} onClick={() => setTyped(isTyped)} className="h-8 rounded-full border px-3 text-sm text-muted hover:text-ink aria-selected:border-accent aria-selected:bg-accent-soft aria-selected:font-medium aria-selected:text-accent-ink">{label}</button>;
  return (
    <Dialog open title={tr("Send a contact card")} width="480px" onClose={onClose}
      footer={<><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="button" onClick={send} disabled={pending || !ready} className={PRIMARY}>{tr("Send")}</button></>}>
      <div className="flex flex-col gap-4">
        {mayShare && <div role="tablist" aria-label={tr("Whose card")} className="flex gap-1">{tab(false, tr("From contacts"))}{tab(true, tr("Somebody else"))}</div>}
        {typed ? (
          <>
            <Field label={tr("Name")} error={error("name")}><input {...text("name")} data-autofocus="true" /></Field>
            <Field label={tr("Phone number")} help={tr("With country code, such as +44 20 7946 0018.")} error={error("phone")}><input {...text("phone")} dir="ltr" inputMode="tel" /></Field>
            <Field label={tr("E-mail (optional)")}><input {...text("email")} inputMode="email" /></Field>
            <Field label={tr("Company (optional)")}><input {...text("company")} /></Field>
          </>
        ) : (
          <>
            <input value={words} onChange={(event) => search(event.target.value)} placeholder={tr("Search contacts")} aria-label={tr("Search contacts")} dir="auto" data-autofocus="true" className={FIELD} />
            <Chosen chosen={chosen} onToggle={toggle} />
            <Found contacts={contacts} chosen={chosen} onToggle={toggle} />
            <Wrong text={wrong?.[1]} />
          </>
        )}
        <Wrong text={errors?.message} />
      </div>
    </Dialog>
  );
}
