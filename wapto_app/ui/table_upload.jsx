import { useRef, useState } from "react";
import { sendFile } from "./files.jsx";
import { tr } from "./i18n.jsx";

// One file that is dropped or chosen, and goes to a route of ours; `onDone` hears the id that the route answers with,
// `onKey` the key. `note` says what becomes of it; `small` is for a place among others.
export function TableUpload({ action, accept, most, note, small, onDone, onKey, className }) {
  const input = useRef(null);
  const running = useRef(null);
  const [over, setOver] = useState(false);
  const [state, setState] = useState({ name: "", percent: 0, error: "" });
  const send = async (file) => {
    if (file.size > most) return setState({ name: "", percent: 0, error: tr("This file is larger than 50 MB. Split it into several.") });
    setState({ name: file.name, percent: 0, error: "" });
    const { request, done } = sendFile(action, file, (percent) => setState((now) => ({ ...now, percent })));
    running.current = request;
    const answer = await done;
    running.current = null;
    setState({ name: answer.id ? file.name : "", percent: 100, error: answer.error || "" });
    if (answer.key) onKey?.(answer.key);
    else if (answer.id) onDone?.(answer.id);
  };
  const dropped = (event) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files?.[0];
    if (file && !state.name) send(file);
  };
  const chosen = (event) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file) send(file);
  };
  const busy = state.name !== "";
  return (
    <div className={className}>
      <div
        onDragOver={(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave={() => setOver(false)}
        onDrop={dropped}
        className={`flex flex-col items-center justify-center gap-3 rounded-lg border-2 border-dashed px-6 text-center transition-colors ${small ? "min-h-32 py-5" : "min-h-52 py-8"} ${over ? "border-accent bg-accent-soft" : "border-line-strong"}`}
      >
        <input ref={input} type="file" accept={accept} onChange={chosen} hidden aria-label={tr("Choose a file")} data-testid="table-file" />
        {busy ? (
          <div className="w-full max-w-80" role="status">
            <p dir="auto" className="truncate text-sm font-medium">{state.name}</p>
            <p className="mt-1 text-sm text-muted">{state.percent < 100 ? tr("Uploading … {percent} %", { percent: state.percent }) : tr("Reading the file …")}</p>
            <div aria-hidden="true" className="mt-3 h-1.5 overflow-hidden rounded-full bg-line">
              <div className={`h-full rounded-full bg-accent transition-[width] ${state.percent < 100 ? "" : "animate-pulse"}`} style={{ width: `${state.percent}%` }} />
            </div>
            <button type="button" onClick={() => { running.current?.abort(); setState({ name: "", percent: 0, error: "" }); }} className="mt-4 text-sm text-muted underline-offset-2 hover:underline">{tr("Cancel")}</button>
          </div>
        ) : (
          <>
            <p className="text-sm font-medium">{tr("Drop a CSV or Excel file here")}</p>
            <button type="button" onClick={() => input.current?.click()} className="inline-flex h-9 items-center rounded-md bg-accent px-3.5 text-sm font-medium text-on-accent hover:bg-accent-hover">{tr("Choose a file")}</button>
            <p className="max-w-100 text-xs text-pretty text-muted">{note ?? tr("Up to 200,000 rows and 50 MB. One column must hold phone numbers. Nothing is imported before you say so.")}</p>
          </>
        )}
      </div>
      <p role="alert" className={state.error ? "mt-3 text-sm text-danger-ink" : "hidden"}>{state.error}</p>
    </div>
  );
}
