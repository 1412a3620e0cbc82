import { useEffect, useRef, useState } from "react";
import { FIELD, Field, Later, Wrong } from "./composer_parts.jsx";
import { tr } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";

const CHOOSER = () => import("./composer_templates.jsx").then((found) => ({ default: found.TemplateChooser }));
const REST = 250;

// Where only the template is known: who gets it.
function Who({ people, onFind, onPick }) {
  const [words, setWords] = useState("");
  const timer = useRef(null);
  useEffect(() => { onFind(""); return () => clearTimeout(timer.current); }, []);
  const search = (text) => {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFind(text), REST);
  };
  return (
    <div className="flex flex-col gap-3">
      <input value={words} onChange={(event) => search(event.target.value)} placeholder={tr("Search contacts")} aria-label={tr("Search contacts")} dir="auto" data-autofocus="true" className={FIELD} />
      {people?.length === 0 && <p className="py-3 text-sm text-muted">{tr("No contact was found.")}</p>}
      {people?.length > 0 && (
        <ul aria-label={tr("Contacts")} className="scroll-thin max-h-72 divide-y overflow-y-auto rounded-md border">
          {people.map((each) => (
            <li key={each.id}>
              <button type="button" onClick={() => onPick(each.id, each.name)} className="flex w-full items-center gap-3 px-3 py-2 text-start text-sm -outline-offset-2 hover:bg-hover">
                <span dir="auto" className="min-w-0 flex-1 truncate font-medium">{each.name}</span><span dir="ltr" className="flex-none text-xs text-muted tabular-nums">{each.phone}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

// A template for one contact, also where there is no conversation yet. With several numbers of ours one is chosen first.
// `wanted` is the template that it begins with, 0 for none.
export function TemplateSender({ open, contact, name, wanted, people, numbers, rows, form, attached, errors, answered, mayPick, onPeople, onPick, onFind, onChoose, onSync, onLibrary, onSend, onClose }) {
  const [number, setNumber] = useState("");
  const [pending, setPending] = useState(false);
  const ref = useRef("");
  const known = JSON.stringify(numbers);
  useEffect(() => {
    setNumber(numbers[0]?.value ?? "");
    setPending(false);
    ref.current = crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}`;
  }, [open, contact, known]);
  useEffect(() => { setPending(false); }, [answered]);
  const send = (template) => { setPending(true); onSend(Number(number), ref.current, template); };
  return (
    <Dialog open={Boolean(open)} title={contact ? tr("Send a template to {name}", { name }) : tr("Who gets the template?")} width="560px" onClose={onClose}>
      {!contact && <Who people={people} onFind={onPeople} onPick={onPick} />}
      {contact > 0 && numbers.length === 0 && <p className="text-sm text-muted">{tr("Connect a WhatsApp number first, under Integrations.")}</p>}
      {contact > 0 && numbers.length > 1 && (
        <div className="mb-3"><Field label={tr("From your number")}><select value={number} onChange={(event) => setNumber(event.target.value)} className={FIELD}>{numbers.map((each) => <option key={each.value} value={each.value}>{each.label}</option>)}</select></Field></div>
      )}
      {contact > 0 && number && (
        <Later key={`${contact} ${number}`} load={CHOOSER} initial={wanted} conversation={Number(number)} rows={rows} form={form} errors={errors} pending={pending} attached={attached} label={tr("Send template")}
          onFind={onFind} onChoose={onChoose} onSync={onSync} onLibrary={mayPick ? (kind) => onLibrary("contact_template", kind) : undefined} onUse={send} />
      )}
      <Wrong text={errors?.contact ?? errors?.[""]} />
    </Dialog>
  );
}
