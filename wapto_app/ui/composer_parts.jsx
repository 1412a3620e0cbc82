import { cloneElement, useEffect, useId, useState } from "react";
import { tr, trServer } from "./i18n.jsx";

export const FIELD = "h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-sm outline-offset-0 placeholder:text-faint aria-invalid:border-danger max-sm:text-base";
export const AREA = "scroll-thin min-h-20 w-full resize-y rounded-md border border-line-strong bg-surface px-3 py-2 text-sm outline-offset-0 placeholder:text-faint aria-invalid:border-danger max-sm:text-base";
export const PRIMARY = "inline-flex h-9 items-center justify-center gap-2 rounded-md bg-accent px-4 text-sm font-medium text-on-accent hover:bg-accent-hover disabled:bg-hover disabled:text-faint";
export const PLAIN = "inline-flex h-9 items-center justify-center gap-2 rounded-md border bg-surface px-3 text-sm font-medium hover:bg-hover disabled:text-faint";

export function Tool({ icon: Glyph, label, className, size = 20, ...rest }) {
  return (
    <button type="button" aria-label={label} data-tip={label} {...rest}
      className={`grid size-9 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink disabled:opacity-50 aria-pressed:bg-accent-soft aria-pressed:text-accent-ink aria-expanded:bg-hover aria-expanded:text-ink ${className ?? ""}`}>
      <Glyph size={size} aria-hidden="true" />
    </button>
  );
}

// A part that is fetched when it is first wanted.
export function Later({ load, ...props }) {
  const [Part, setPart] = useState(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let here = true;
    setPart(null);
    setFailed(false);
    load().then((found) => here && setPart(() => found.default)).catch(() => here && setFailed(true));
    return () => { here = false; };
  }, [load]);
  if (failed) return <p role="alert" className="mb-2 text-xs text-danger-ink">{tr("This part could not be loaded. Check the connection and try again.")}</p>;
  return Part ? <Part {...props} /> : null;
}

// What the server found wrong with a field.
export function Wrong({ text, id }) {
  return text ? <p id={id} role="alert" className="mt-1 text-xs text-danger-ink text-pretty">{trServer(text)}</p> : null;
}

export function Field({ label, error, help, children }) {
  const id = useId();
  const said = help && !error;
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">{label}</label>
      {cloneElement(children, { id, "aria-describedby": error || said ? `${id}d` : undefined })}
      {said && <p id={`${id}d`} className="mt-1 text-xs text-muted">{help}</p>}
      <Wrong text={error} id={`${id}d`} />
    </div>
  );
}

// How a message will look on the customer's phone.
export function Bubble({ children, className }) {
  return <div className={`w-fit max-w-full rounded-lg rounded-ee-sm bg-bubble-out px-3 py-2 text-sm text-ink shadow-card ${className ?? ""}`}>{children}</div>;
}

export const bytes = (size) => (size >= 1048576 ? `${(size / 1048576).toFixed(1)} MB` : size >= 1024 ? `${Math.round(size / 1024)} KB` : `${size} B`);
