import { useEffect, useRef, useState } from "react";
import { FIELD, Field, Later, Wrong } from "./composer_parts.jsx";
import { tr } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";

const CHOOSER = () => import("./composer_templates.jsx").then((found) => ({ default: found.TemplateChooser }));

// A template for one contact, also where there is no conversation yet. With several numbers of ours one is chosen first.
export function TemplateSender({ contact, name, numbers, rows, form, attached, errors, answered, mayPick, onFind, onChoose, onSync, onLibrary, onSend, onClose }) {
  const [number, setNumber] = useState("");
  const [pending, setPending] = useState(false);
  const ref = useRef("");
  useEffect(() => { if (contact) { setNumber(numbers[0]?.value ?? ""); setPending(false); ref.current = crypto.randomUUID?.() ?? String(Math.random()); } }, [contact, JSON.stringify(numbers)]);
  useEffect(() => { setPending(false); }, [answered, errors]);
  const send = (template) => { setPending(true); onSend(Number(number), ref.current, template); };
  return (
    <Dialog open={Boolean(contact)} title={tr("Send a template to {name}", { name })} width="560px" onClose={onClose}>
      {numbers.length === 0 && <p className="text-sm text-muted">{tr("Connect a WhatsApp number first, under Integrations.")}</p>}
      {numbers.length > 1 && (
        <div className="mb-3"><Field label={tr("From your number")}><select value={number} onChange={(event) => setNumber(event.target.value)} className={FIELD}>{numbers.map((each) => <option key={each.value} value={each.value}>{each.label}</option>)}</select></Field></div>
      )}
      {number && (
        <Later key={number} load={CHOOSER} conversation={Number(number)} rows={rows} form={form} errors={errors} pending={pending} attached={attached} label={tr("Send template")}
          onFind={onFind} onChoose={onChoose} onSync={onSync} onLibrary={mayPick ? (kind) => onLibrary("contact_template", kind) : undefined} onUse={send} />
      )}
      <Wrong text={errors?.contact} />
    </Dialog>
  );
}
