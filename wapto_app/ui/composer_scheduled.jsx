import { useState } from "react";
import CalendarClock from "lucide-react/dist/esm/icons/calendar-clock.mjs";
import Pencil from "lucide-react/dist/esm/icons/pencil.mjs";
import Send from "lucide-react/dist/esm/icons/send.mjs";
import X from "lucide-react/dist/esm/icons/x.mjs";
import { tr, trn, trServer } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";
import { Time } from "./time.jsx";
import { AREA, Field, PLAIN, PRIMARY, Tool, Wrong } from "./composer_parts.jsx";
import { instant, When } from "./composer_schedule.jsx";

function Row({ row, onEdit, onCancel, onNow }) {
  const failed = row.state === "failed";
  return (
    <li data-testid="scheduled-row" className="flex items-center gap-1 py-1 text-sm">
      <span className="min-w-0 flex-1">
        <span className="block truncate" dir="auto">{row.template ? tr("Template {name}", { name: row.template }) : row.text || trn("{n} file", "{n} files", row.files)}</span>
        <span className={`block text-xs ${failed ? "text-danger-ink" : "text-muted"}`}>
          {failed ? trServer(row.error) : <><Time at={row.due_at} look="exact" /> · {row.author}{!row.window_open && !row.template && ` · ${row.fallback ? tr("else {name}", { name: row.fallback }) : tr("window closed by then")}`}</>}
        </span>
      </span>
      <Tool icon={Pencil} size={16} label={tr("Change")} onClick={() => onEdit(row)} />
      <Tool icon={Send} size={16} label={tr("Send now")} onClick={() => onNow(row)} />
      <Tool icon={X} size={16} label={tr("Cancel it")} onClick={() => onCancel(row)} />
    </li>
  );
}

function Edit({ row, opening, errors, onSave, onClose }) {
  const [text, setText] = useState(row.text);
  const own = new Date(row.due_at);
  const [value, setValue] = useState(new Date(own.getTime() - own.getTimezoneOffset() * 60_000).toISOString().slice(0, 16));
  return (
    <Dialog open title={tr("Change what waits")} width="520px" onClose={onClose}
      footer={<><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="button" disabled={!instant(value)} onClick={() => onSave(row, instant(value), text)} className={PRIMARY}>{tr("Save")}</button></>}>
      <div className="flex flex-col gap-4">
        {!row.template && <Field label={tr("Text")} error={errors?.message}><textarea value={text} maxLength={4096} rows={4} dir="auto" onChange={(event) => setText(event.target.value)} className={AREA} /></Field>}
        <When value={value} opening={opening} error={errors?.due_at} onChange={setValue} />
        <Wrong text={errors?.message} />
      </div>
    </Dialog>
  );
}

// What waits in this conversation, and what did not leave.
export default function Scheduled({ rows, opening, errors, delivery, onCancel, onNow, onEdit }) {
  const [open, setOpen] = useState(false);
  const [edited, setEdited] = useState(null);
  const failed = rows.filter(({ state }) => state === "failed").length;
  const handed = (what, act) => act(delivery.begin(what, () => setEdited(null)));
  return (
    <div className="mb-2 rounded-md border px-3 py-1">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex w-full items-center gap-2 py-1 text-start text-xs text-muted hover:text-ink">
        <CalendarClock size={16} aria-hidden="true" className="flex-none" />
        <span className="flex-1">{trn("{n} message waits", "{n} messages wait", rows.length - failed)}{failed > 0 && <span className="text-danger-ink"> · {trn("{n} did not leave", "{n} did not leave", failed)}</span>}</span>
        <span>{open ? tr("Hide") : tr("Show")}</span>
      </button>
      {open && (
        <ul className="scroll-thin max-h-48 divide-y overflow-y-auto" aria-label={tr("Scheduled messages")}>
          {rows.map((row) => <Row key={row.id} row={row} onEdit={setEdited} onCancel={() => handed(["cancel", row.id], (ref) => onCancel(ref, row.id))} onNow={() => handed(["now", row.id], (ref) => onNow(ref, row.id))} />)}
        </ul>
      )}
      {edited && <Edit row={edited} opening={opening} errors={errors} onClose={() => setEdited(null)} onSave={(row, due, text) => handed(["edit", row.id, due, text], (ref) => onEdit(ref, row.id, due, text))} />}
    </div>
  );
}
