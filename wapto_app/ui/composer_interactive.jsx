import { useState } from "react";
import Plus from "lucide-react/dist/esm/icons/plus.mjs";
import X from "lucide-react/dist/esm/icons/x.mjs";
import { tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { Dialog } from "./overlay.jsx";
import { AREA, Bubble, Field, FIELD, PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";

const EMPTY = { kind: "buttons", body: "", header: "", footer: "", buttons: [""], button: "", url: "", sections: [{ title: "", rows: [{ title: "", description: "" }] }] };
const KINDS = () => [["buttons", tr("Buttons")], ["list", tr("List")], ["link", tr("Link")], ["ask_location", tr("Ask for location")]];
const MAX_ROWS = 10;
const replaced = (list, at, value) => list.map((each, i) => (i === at ? value : each));
const without = (list, at) => list.filter((_each, i) => i !== at);
const SMALL = "grid size-9 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink disabled:opacity-40";

function Add({ label, onClick, disabled }) {
  return <button type="button" onClick={onClick} disabled={disabled} className="inline-flex items-center gap-1.5 rounded-md py-1 text-sm font-medium text-accent-ink hover:underline disabled:text-faint disabled:no-underline"><Plus size={16} aria-hidden="true" />{label}</button>;
}

function Remove({ label, onClick }) {
  return <button type="button" onClick={onClick} aria-label={label} className={SMALL}><X size={16} aria-hidden="true" /></button>;
}

function Buttons({ buttons, onChange, error }) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{tr("Buttons")}</legend>
      {buttons.map((title, at) => (
        <div key={at} className="flex gap-1">
          <input value={title} maxLength={20} dir="auto" aria-label={tr("Button {n}", { n: at + 1 })} onChange={(event) => onChange(replaced(buttons, at, event.target.value))} className={FIELD} />
          {buttons.length > 1 && <Remove label={tr("Remove button {n}", { n: at + 1 })} onClick={() => onChange(without(buttons, at))} />}
        </div>
      ))}
      <Wrong text={error} />
      <div><Add label={tr("Add a button")} disabled={buttons.length >= 3} onClick={() => onChange([...buttons, ""])} /></div>
    </fieldset>
  );
}

function Sections({ sections, onChange, error }) {
  const count = sections.reduce((sum, section) => sum + section.rows.length, 0);
  const change = (at, part) => onChange(replaced(sections, at, { ...sections[at], ...part }));
  const row = (at, i, part) => change(at, { rows: replaced(sections[at].rows, i, { ...sections[at].rows[i], ...part }) });
  return (
    <div className="flex flex-col gap-3">
      {sections.map((section, at) => (
        <fieldset key={at} className="flex flex-col gap-2 rounded-md border p-3">
          <legend className="px-1 text-sm font-medium">{tr("Section {n}", { n: at + 1 })}</legend>
          {sections.length > 1 && (
            <div className="flex gap-1">
              <input value={section.title} maxLength={24} dir="auto" placeholder={tr("Title of the section")} aria-label={tr("Title of section {n}", { n: at + 1 })} onChange={(event) => change(at, { title: event.target.value })} className={FIELD} />
              <Remove label={tr("Remove section {n}", { n: at + 1 })} onClick={() => onChange(without(sections, at))} />
            </div>
          )}
          {section.rows.map(({ title, description }, i) => (
            <div key={i} className="flex gap-1 max-sm:flex-wrap">
              <input value={title} maxLength={24} dir="auto" placeholder={tr("Choice")} aria-label={tr("Choice {n}", { n: i + 1 })} onChange={(event) => row(at, i, { title: event.target.value })} className={`${FIELD} sm:max-w-48`} />
              <input value={description} maxLength={72} dir="auto" placeholder={tr("Description (optional)")} aria-label={tr("Description of choice {n}", { n: i + 1 })} onChange={(event) => row(at, i, { description: event.target.value })} className={`${FIELD} max-sm:flex-1`} />
              {section.rows.length > 1 && <Remove label={tr("Remove choice {n}", { n: i + 1 })} onClick={() => change(at, { rows: without(section.rows, i) })} />}
            </div>
          ))}
          <div><Add label={tr("Add a choice")} disabled={count >= MAX_ROWS} onClick={() => change(at, { rows: [...section.rows, { title: "", description: "" }] })} /></div>
        </fieldset>
      ))}
      <Wrong text={error} />
      <div className="flex items-center gap-3">
        <Add label={tr("Add a section")} disabled={count >= MAX_ROWS} onClick={() => onChange([...sections, { title: "", rows: [{ title: "", description: "" }] }])} />
        <span className="ms-auto text-xs text-muted">{tr("{n} of {max} choices", { n: count, max: MAX_ROWS })}</span>
      </div>
    </div>
  );
}

function Preview({ asked }) {
  const tap = { buttons: asked.buttons.filter(Boolean), list: [`☰ ${asked.button || tr("Choose")}`], link: [`↗ ${asked.button || tr("Open")}`], ask_location: [`📍 ${tr("Send location")}`] }[asked.kind];
  return (
    <div aria-label={tr("Preview")} className="rounded-md bg-chat p-3">
      <Bubble className="ms-auto">
        {asked.kind !== "ask_location" && asked.header && <p className="font-semibold" dir="auto">{asked.header}</p>}
        <MessageText text={asked.body || tr("Your text")} className={asked.body ? "" : "text-muted"} />
        {asked.kind !== "ask_location" && asked.footer && <p className="mt-1 text-xs text-muted" dir="auto">{asked.footer}</p>}
      </Bubble>
      <div className="mt-1 flex flex-col items-end gap-1">{tap.map((title, at) => <span key={at} dir="auto" className="min-w-40 rounded-lg bg-bubble-out px-3 py-1.5 text-center text-sm font-medium text-accent-ink shadow-card">{title}</span>)}</div>
    </div>
  );
}

// Buttons to reply with, a list to choose from, a link to open, or the request to share a place.
export default function Interactive({ initial, errors, pending, onSend, onClose }) {
  const [asked, setAsked] = useState(initial ?? EMPTY);
  const change = (part) => setAsked((now) => ({ ...now, ...part }));
  const error = (name) => errors?.[`interactive.${name}`];
  const text = (name, most) => ({ value: asked[name], maxLength: most, dir: "auto", "aria-invalid": Boolean(error(name)), onChange: (event) => change({ [name]: event.target.value }) });
  const send = () => onSend({ interactive: asked });
  return (
    <Dialog open title={tr("Something to tap")} width="560px" onClose={onClose}
      footer={<><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="button" onClick={send} disabled={pending} className={PRIMARY}>{tr("Send")}</button></>}>
      <div className="flex flex-col gap-4">
        <div role="tablist" aria-label={tr("Kind")} className="flex flex-wrap gap-1">
          {KINDS().map(([kind, label]) => <button key={kind} type="button" role="tab" aria-selected={asked.kind === kind} onClick={() => change({ kind })} className="h-8 rounded-full border px-3 text-sm text-muted hover:text-ink aria-selected:border-accent aria-selected:bg-accent-soft aria-selected:font-medium aria-selected:text-accent-ink">{label}</button>)}
        </div>
        {asked.kind !== "ask_location" && <Field label={tr("Heading (optional)")} error={error("header")}><input {...text("header", 60)} className={FIELD} /></Field>}
        <Field label={tr("Text")} error={error("body")}><textarea {...text("body", asked.kind === "list" ? 4096 : 1024)} rows={3} className={AREA} data-autofocus="true" /></Field>
        {asked.kind === "buttons" && <Buttons buttons={asked.buttons} error={error("buttons")} onChange={(buttons) => change({ buttons })} />}
        {(asked.kind === "list" || asked.kind === "link") && <Field label={asked.kind === "list" ? tr("Button that opens the list") : tr("Button")} error={error("button")}><input {...text("button", 20)} className={FIELD} /></Field>}
        {asked.kind === "list" && <Sections sections={asked.sections} error={error("sections")} onChange={(sections) => change({ sections })} />}
        {asked.kind === "link" && <Field label={tr("Address of the page")} error={error("url")}><input {...text("url", 2000)} dir="ltr" inputMode="url" placeholder="https://" className={FIELD} /></Field>}
        {asked.kind !== "ask_location" && <Field label={tr("Small print (optional)")} error={error("footer")}><input {...text("footer", 60)} className={FIELD} /></Field>}
        <Preview asked={asked} />
        <Wrong text={error("kind") ?? errors?.message} />
      </div>
    </Dialog>
  );
}
