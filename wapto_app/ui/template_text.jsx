import { useId, useLayoutEffect, useRef, useState } from "react";
import Smile from "lucide-react/dist/esm/icons/smile.mjs";
import { AREA, FIELD, Later, Tool, Wrong } from "./composer_parts.jsx";
import { insert, markOf, wrap } from "./composer_text.jsx";
import { tr } from "./i18n.jsx";
import { Bold, Braces, Code, Italic, Strikethrough } from "./template_icons.jsx";
import { gapsOf, nextGap } from "./template_model.jsx";

const MARKS = [["*", Bold, () => tr("Bold")], ["_", Italic, () => tr("Italic")], ["~", Strikethrough, () => tr("Strikethrough")], ["```", Code, () => tr("Monospace")]];
const EMOJI = () => import("./emoji.jsx");
const WORDS = ["first_name", "name", "order_number", "date", "time", "amount", "company", "address", "product", "link"];
const LABEL = "text-sm font-medium";

// Meta counts characters, not UTF-16 units.
const lengthOf = (text) => [...text].length;

export function Counter({ text, most }) {
  const length = lengthOf(text ?? "");
  const tone = length > most ? "font-medium text-danger-ink" : length > most * 0.9 ? "text-warning-ink" : "text-faint";
  return <span className={`flex-none text-xs tabular-nums ${tone}`} aria-hidden="true">{length.toLocaleString(document.documentElement.lang || "en")} / {most.toLocaleString(document.documentElement.lang || "en")}</span>;
}

// A labelled control with its counter, its help and what is wrong with it. `place` is the key of the field on the server.
export function Row({ label, place, error, help, text, most, children }) {
  const id = useId();
  return (
    <div data-place={place} className="min-w-0">
      <div className="mb-1 flex items-baseline gap-3"><label htmlFor={id} className={`${LABEL} min-w-0 flex-1`}>{label}</label>{most && <Counter text={text} most={most} />}</div>
      {children({ id, "aria-invalid": Boolean(error) || undefined, "aria-describedby": error || help ? `${id}d` : undefined })}
      {help && !error && <p id={`${id}d`} className="mt-1 text-xs text-muted text-pretty">{help}</p>}
      <Wrong text={error} id={`${id}d`} />
    </div>
  );
}

export function Line({ label, place, value, error, help, most, onChange, ...rest }) {
  return (
    <Row label={label} place={place} error={error} help={help} text={value} most={most}>
      {(props) => <input {...rest} {...props} value={value} dir={rest.dir ?? "auto"} autoComplete="off" onChange={(event) => onChange(event.target.value)} className={FIELD} />}
    </Row>
  );
}

// Positional ones are put in at once; a named one is chosen from usual names, or named by hand.
export function AddVariable({ named, text, most, onAdd }) {
  const [open, setOpen] = useState(false);
  const [own, setOwn] = useState("");
  const full = most !== undefined && gapsOf(text).length >= most;
  const add = (name) => { setOpen(false); setOwn(""); onAdd(nextGap(text, named, name)); };
  return (
    <div className="relative" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false); }} onKeyDown={(event) => { if (event.key === "Escape" && open) { event.stopPropagation(); setOpen(false); } }}>
      <button type="button" disabled={full} aria-expanded={named ? open : undefined} onClick={() => (named ? setOpen(!open) : add(""))}
        className="inline-flex h-9 items-center gap-1.5 rounded-md px-2.5 text-sm font-medium text-accent-ink hover:bg-hover disabled:text-faint">
        <Braces size={16} aria-hidden="true" />{tr("Add variable")}
      </button>
      {open && (
        <div role="group" aria-label={tr("Name of the variable")} className="absolute end-0 z-20 mt-1 w-64 rounded-lg bg-raised p-2 shadow-pop">
          <div className="flex gap-1.5">
            <input autoFocus value={own} onChange={(event) => setOwn(event.target.value)} placeholder={tr("Name, e.g. first_name")} aria-label={tr("Name of the variable")} dir="ltr" maxLength={40} className={`${FIELD} h-8`}
              onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); add(own); } }} />
            <button type="button" onClick={() => add(own)} className="h-8 rounded-md bg-accent px-2.5 text-sm font-medium text-on-accent hover:bg-accent-hover">{tr("Add")}</button>
          </div>
          <div className="mt-2 flex flex-wrap gap-1">{WORDS.map((word) => <button key={word} type="button" onClick={() => add(word)} className="rounded bg-hover px-1.5 py-0.5 font-mono text-xs hover:bg-accent-soft">{word}</button>)}</div>
        </div>
      )}
    </div>
  );
}

// A text with WhatsApp's marks, emoji and variables.
export function RichArea({ label, place, value, error, help, most, named, variables = true, rows = 6, onChange }) {
  const area = useRef(null);
  const [emoji, setEmoji] = useState(false);
  // Where the text is corrected while it is typed (variables are numbered anew) the caret stays where it was.
  const typed = useRef(null);
  useLayoutEffect(() => {
    const was = typed.current;
    typed.current = null;
    if (was && was.text !== value && document.activeElement === area.current) area.current.setSelectionRange(was.at, was.at);
  }, [value]);
  const type = (event) => {
    typed.current = { text: event.target.value, at: event.target.selectionStart };
    onChange(event.target.value);
  };
  const press = (event) => {
    const mark = markOf(event);
    if (!mark) return;
    event.preventDefault();
    wrap(area.current, mark, onChange);
  };
  return (
    <Row label={label} place={place} error={error} help={help} text={value} most={most}>
      {(props) => (
        <div className="relative">
          <textarea {...props} ref={area} value={value} rows={rows} dir="auto" onChange={type} onKeyDown={press} className={AREA} />
          <div role="toolbar" aria-label={tr("Formatting")} className="flex flex-wrap items-center gap-0.5">
            {MARKS.map(([mark, glyph, name]) => <Tool key={mark} icon={glyph} size={17} label={name()} onClick={() => wrap(area.current, mark, onChange)} />)}
            <div className="relative">
              <Tool icon={Smile} size={17} label={tr("Emoji")} aria-pressed={emoji} onClick={() => setEmoji(!emoji)} />
            </div>
            {variables && <div className="ms-auto"><AddVariable named={named} text={value} onAdd={(gap) => insert(area.current, gap, onChange)} /></div>}
          </div>
          {emoji && <div className="absolute bottom-10 start-0 z-20"><Later load={EMOJI} onPick={(picked) => { setEmoji(false); insert(area.current, picked, onChange); }} onClose={() => setEmoji(false)} /></div>}
        </div>
      )}
    </Row>
  );
}

// Meta reviews a template by what its variables may look like, so each needs a sample. `place` is "body", "header", "cards.0.body".
export function Samples({ text, samples, place, errors, onChange }) {
  const names = gapsOf(text);
  if (!names.length) return null;
  return (
    <fieldset className="min-w-0 rounded-md bg-sunken p-3">
      <legend className="sr-only">{tr("Samples")}</legend>
      <p className="text-xs text-muted text-pretty">{tr("A sample for each variable. WhatsApp reviews the template with these; customers never see them. No real customer data.")}</p>
      <div className="mt-2 grid gap-2 sm:grid-cols-2">
        {names.map((name) => {
          const field = place.endsWith("header") ? `${place}.example` : `${place}.example.${name}`;
          const error = errors(field) ?? errors(`${place}.example.${name}`);
          return (
            <label key={name} data-place={field} className="min-w-0 text-sm">
              <span className="mb-0.5 block truncate font-mono text-xs text-muted" dir="ltr">{`{{${name}}}`}</span>
              <input value={samples?.[name] ?? ""} dir="auto" maxLength={200} autoComplete="off" aria-label={tr("Sample for {name}", { name: `{{${name}}}` })} aria-invalid={Boolean(error) || undefined}
                onChange={(event) => onChange({ ...samples, [name]: event.target.value })} className={FIELD} />
              <Wrong text={error} />
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
