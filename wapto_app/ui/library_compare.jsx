import { useEffect, useState } from "react";
import { sizeText } from "./files.jsx";
import { tr, trServer } from "./i18n.jsx";

const press = "inline-flex h-9 items-center rounded-md px-3.5 text-sm font-medium disabled:cursor-not-allowed disabled:opacity-55";
// The squares behind what is transparent.
const SQUARES = { backgroundImage: "repeating-conic-gradient(var(--color-line) 0% 25%, transparent 0% 50%)", backgroundSize: "16px 16px" };

function useTried(fileKey, what) {
  const [tried, setTried] = useState({});
  useEffect(() => {
    let url = "";
    const gone = new AbortController();
    setTried({});
    fetch(`/library/${fileKey}/${what}`, { signal: gone.signal }).then(async (answer) => {
      if (!answer.ok) throw new Error(trServer((await answer.json()).error));
      const blob = await answer.blob();
      url = URL.createObjectURL(blob);
      setTried({ url, size: blob.size });
    }).catch((error) => { if (!gone.signal.aborted) setTried({ error: error.message || tr("The picture could not be made.") }); });
    return () => { gone.abort(); if (url) URL.revokeObjectURL(url); };
  }, [fileKey, what]);
  return tried;
}

function Figure({ label, src, size }) {
  return (
    <figure className="min-w-0 space-y-2">
      <div className="grid h-56 place-items-center overflow-hidden rounded-md border" style={SQUARES}>
        {src ? <img src={src} alt={label} className="max-h-56 max-w-full object-contain" /> : <span role="status" className="text-sm text-muted">{tr("One moment")}</span>}
      </div>
      <figcaption className="flex justify-between text-sm"><span className="text-muted">{label}</span><span className="tabular-nums">{size ? sizeText(size) : ""}</span></figcaption>
    </figure>
  );
}

// A picture as it is and as it would be, made on the server and stored nowhere yet.
export function LibraryCompare({ fileKey, size, what, onKeep, onCancel }) {
  const { url, size: newSize, error } = useTried(fileKey, what);
  const saved = newSize && what === "smaller" ? Math.round((1 - newSize / size) * 100) : 0;
  return (
    <div className="space-y-4">
      {error
        ? <p role="alert" className="rounded-md bg-warning-soft px-4 py-3 text-sm text-warning-ink text-pretty">{error}</p>
        : <div className="grid grid-cols-1 gap-4 sm:grid-cols-2"><Figure label={tr("Before")} src={`/library/${fileKey}?v=${size}`} size={size} /><Figure label={tr("After")} src={url} size={newSize} /></div>}
      {saved > 0 && <p className="text-sm text-muted">{tr("{n} % smaller. Where it was taken is not kept in it.", { n: saved })}</p>}
      <div className="flex flex-wrap justify-end gap-2">
        <button type="button" onClick={onCancel} className={`${press} border bg-surface hover:bg-hover`}>{tr("Cancel")}</button>
        <button type="button" disabled={!url} onClick={onKeep} className={`${press} bg-accent text-on-accent enabled:hover:bg-accent-hover`}>{what === "smaller" ? tr("Keep the smaller one") : tr("Add the sticker")}</button>
      </div>
    </div>
  );
}
