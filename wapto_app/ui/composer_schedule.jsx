import { useEffect, useState } from "react";
import { locale, tr } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";
import { Field, FIELD, PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";
import { TemplateChooser } from "./composer_templates.jsx";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const NO_TEMPLATE = { id: 0, values: {}, media_key: "" };
const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
const said = (date) => new Intl.DateTimeFormat(locale(), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(date);

function at(days, hour) {
  const date = new Date(Date.now() + days * DAY);
  date.setHours(hour, 0, 0, 0);
  return date;
}

// Times that are often meant. `opening` is when business hours begin next, if they are known.
export function presets(opening, now = new Date()) {
  const soon = new Date(Math.ceil((now.getTime() + HOUR) / (15 * MINUTE)) * 15 * MINUTE);
  const monday = at(((8 - now.getDay()) % 7) || 7, 9);
  const all = [
    opening && [tr("When we open"), new Date(opening)],
    [tr("In an hour"), soon],
    now.getHours() < 17 && [tr("This evening"), at(0, 18)],
    [tr("Tomorrow morning"), at(1, 9)],
    [tr("Monday morning"), monday],
  ].filter(Boolean);
  return all.filter(([, date], at) => all.findIndex(([, other]) => other.getTime() === date.getTime()) === at);
}

// When a message leaves; another time for one that waits already. The time zone is that of the browser, and said so.
export function When({ value, opening, error, onChange }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="flex flex-col gap-3">
      <div role="group" aria-label={tr("Suggestions")} className="flex flex-wrap gap-1.5">
        {presets(opening).map(([label, date]) => (
          <button key={label} type="button" aria-pressed={value === local(date)} onClick={() => onChange(local(date))} className="rounded-full border px-3 py-1 text-start text-sm hover:bg-hover aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent-ink">
            {label} <span className="text-xs text-muted">{said(date)}</span>
          </button>
        ))}
      </div>
      <Field label={tr("Date and time")} help={tr("Time zone: {zone}", { zone })} error={error}>
        <input type="datetime-local" value={value} min={local(new Date())} onChange={(event) => onChange(event.target.value)} aria-invalid={Boolean(error)} data-autofocus="true" className={FIELD} />
      </Field>
    </div>
  );
}

export const instant = (text) => {
  const date = text ? new Date(text) : null;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : "";
};

export default function Schedule({ conversation, content, ready, closesAt, opening, errors, delivery, onAsk, onPlan, onPlanned, onClose, ...templates }) {
  const [value, setValue] = useState("");
  const [fallback, setFallback] = useState(null);
  const [choosing, setChoosing] = useState(false);
  useEffect(() => { onAsk?.(); }, []);
  const due = instant(value);
  const isLate = due && (!closesAt || new Date(due) >= new Date(closesAt));
  const plan = () => {
    const wanted = { due_at: due, ...content, template: NO_TEMPLATE, fallback: fallback ?? NO_TEMPLATE };
    const ref = delivery.begin([conversation, "plan", wanted], onPlanned);
    onPlan(conversation, ref, wanted);
  };
  return (
    <Dialog open title={tr("Send later")} width="560px" onClose={onClose}
      footer={<><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="button" onClick={plan} disabled={!ready || !due || delivery.pending} className={PRIMARY}>{tr("Schedule")}</button></>}>
      <div className="flex flex-col gap-4">
        {!ready && <p role="status" className="rounded-md bg-warning-soft px-3 py-2 text-sm text-warning-ink">{tr("Write the message first, then choose when it leaves.")}</p>}
        <When value={value} opening={opening} error={errors?.due_at} onChange={setValue} />
        {isLate && (
          <div className="rounded-md bg-warning-soft px-3 py-2 text-sm text-warning-ink">
            <p className="text-pretty">{tr("By then the customer service window may be closed. Choose a template that is sent instead; without one, you are told that the message did not leave.")}</p>
            <p className="mt-1 flex items-center gap-3">
              {fallback && <span>{tr("A template is chosen.")}</span>}
              <button type="button" onClick={() => setChoosing(!choosing)} className="font-medium underline underline-offset-2">{fallback ? tr("Choose another") : tr("Choose a template")}</button>
            </p>
          </div>
        )}
        {isLate && choosing && <TemplateChooser {...templates} conversation={conversation} errors={errors} label={tr("Use this template")} onUse={(chosen) => { setFallback(chosen); setChoosing(false); }} />}
        <Wrong text={errors?.message} />
      </div>
    </Dialog>
  );
}
