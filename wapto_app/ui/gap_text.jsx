import { useRef, useState } from "react";
import { tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";

const VARIABLE = /\{\{\s*([A-Za-z][A-Za-z0-9_]{0,39})\s*\}\}/g;

// What the text looks like to a customer: what is known by an example, the rest as a gap that is asked for.
const shown = (text, examples) => text.replace(VARIABLE, (whole, name) => examples[name.toLowerCase()] ?? `[${name.toLowerCase()}]`);

// A text with gaps: chips put a variable in where the cursor stands, and the bubble below shows how it reads.
export function GapText({ ref, id, name, value, variables, examples, describedBy, most, disabled }) {
  const [text, setText] = useState(value ?? "");
  const area = useRef(null);
  const asked = [...new Set([...text.matchAll(VARIABLE)].map((found) => found[1].toLowerCase()))].filter((each) => !(each in examples));

  const put = (variable) => {
    const box = area.current;
    const gap = `{{${variable}}}`;
    const [start, end] = [box.selectionStart ?? text.length, box.selectionEnd ?? text.length];
    setText(text.slice(0, start) + gap + text.slice(end));
    requestAnimationFrame(() => {
      box.focus();
      box.setSelectionRange(start + gap.length, start + gap.length);
    });
  };
  const hold = (element) => {
    area.current = element;
    if (typeof ref === "function") ref(element);
    else if (ref) ref.current = element;
  };
  return (
    <div className="flex flex-col gap-2">
      <textarea ref={hold} id={id} name={name} dir="auto" rows={5} value={text} disabled={disabled} aria-describedby={describedBy}
        className="control" onChange={(event) => setText(event.target.value)} />
      <div className="flex flex-wrap items-center gap-1.5">
        {variables.map(({ name: each, label }) => (
          <button key={each} type="button" disabled={disabled} onClick={() => put(each)} title={label || undefined} aria-label={tr("Put in {name}", { name: label || each })}
            className="rounded-full border border-line bg-raised px-2 py-0.5 font-mono text-xs text-muted hover:border-accent hover:text-ink disabled:opacity-55 pointer-coarse:min-h-9">
            {`{{${each}}}`}
          </button>
        ))}
        <span className={`ms-auto text-xs tabular-nums ${text.length > most ? "text-danger-ink" : "text-faint"}`}>{text.length.toLocaleString(document.documentElement.lang || "en")} / {most.toLocaleString(document.documentElement.lang || "en")}</span>
      </div>
      {text.trim() && (
        <div className="rounded-md bg-sunken p-3">
          <p className="mb-2 text-xs text-muted">{tr("How it reads")}</p>
          <div className="ms-auto w-fit max-w-[85%] rounded-lg rounded-ee-sm bg-accent-soft px-3 py-2 text-sm"><MessageText text={shown(text, examples)} /></div>
          {asked.length > 0 && <p className="mt-2 text-xs text-muted text-pretty">{tr("Asked for when you use it: {names}", { names: asked.join(", ") })}</p>}
        </div>
      )}
    </div>
  );
}
