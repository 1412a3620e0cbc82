import { useRef, useState } from "react";
import { tr, trServer } from "./i18n.jsx";

async function send(action, body) {
  try {
    const response = await fetch(action, { method: "POST", headers: { "content-type": "application/octet-stream" }, body });
    if (response.ok) return "";
    const answer = await response.json().catch(() => ({}));
    return trServer(answer.error) || tr("The server could not take this file.");
  } catch {
    return tr("The upload was interrupted. Try again.");
  }
}

// A picture that goes to a route of ours as soon as it is chosen; then the page is loaded anew, which shows it everywhere.
export function FileForm({ action, accept, choose, remove, hasFile, control, className }) {
  const input = useRef(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const put = async (body) => {
    setBusy(true);
    setProblem("");
    const error = await send(action, body);
    if (!error) return location.reload();
    setBusy(false);
    setProblem(error);
  };
  const chosen = (event) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file) put(file);
  };
  return (
    <div className={className}>
      <input ref={input} type="file" accept={accept} onChange={chosen} hidden aria-label={choose} data-testid="file" />
      <div className="flex flex-wrap gap-2">
        <button type="button" disabled={busy} aria-busy={busy} onClick={() => input.current?.click()} className={control}>{choose}</button>
        {hasFile && <button type="button" disabled={busy} onClick={() => put("")} className={control}>{remove}</button>}
      </div>
      <p role="alert" className={problem ? "text-xs text-danger-ink" : "hidden"}>{problem}</p>
    </div>
  );
}
