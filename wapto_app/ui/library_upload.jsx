import { useEffect, useRef, useState } from "react";
import { sendFile, sizeText } from "./files.jsx";
import { tr, trn } from "./i18n.jsx";

const AT_ONCE = 3;
let counter = 0;
export const chooseFiles = (name) => document.getElementById(`${name}-files`)?.click();

function useQueue(folder) {
  const [files, setFiles] = useState([]);
  const requests = useRef(new Map());
  const where = useRef(folder);
  where.current = folder;
  const patch = (id, change) => setFiles((all) => all.map((file) => (file.id === id ? { ...file, ...change } : file)));

  const run = async ({ id, blob, target, shrink }) => {
    patch(id, { state: "running", percent: 0, error: "", offer: "" });
    const { request, done } = sendFile(`/library?folder=${Math.max(target, 0)}${shrink ? "&shrink=1" : ""}`, blob, (percent) => patch(id, { percent }));
    requests.current.set(id, request);
    const answer = await done;
    requests.current.delete(id);
    if (answer.error !== undefined) patch(id, { state: "failed", error: answer.error, offer: answer.offer });
    else patch(id, { state: answer.existing ? "existing" : "done", kept: answer.file });
  };

  useEffect(() => {
    const free = AT_ONCE - files.filter((file) => file.state === "running").length;
    files.filter((file) => file.state === "waiting").slice(0, Math.max(free, 0)).forEach(run);
  }, [files]);
  useEffect(() => () => requests.current.forEach((request) => request.abort()), []);

  // The list is read at once: React may ask for the new state later, and the field that it came from is emptied by then.
  const add = (list) => {
    const fresh = [...list].map((blob) => ({
      id: ++counter, blob, target: where.current, state: "waiting", percent: 0,
      shown: /^image\/(jpeg|png|webp)$/.test(blob.type) ? URL.createObjectURL(blob) : "",
    }));
    setFiles((all) => [...all, ...fresh]);
  };
  const drop = (gone) => setFiles((all) => all.filter((file) => {
    if (!gone(file)) return true;
    requests.current.get(file.id)?.abort();
    if (file.shown) URL.revokeObjectURL(file.shown);
    return false;
  }));
  const again = (id, shrink) => patch(id, { state: "waiting", shrink });
  return { files, add, drop, again };
}

function Icon({ d }) {
  return <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d={d} /></svg>;
}
const CROSS = "M18 6 6 18M6 6l12 12";
const ARROW = "M5 12h14m-6-6 6 6-6 6";
const small = "h-7 rounded-md border bg-surface px-2 text-xs font-medium hover:bg-hover";

// A picture that became smaller, before and after.
function Compared({ file }) {
  const { kept, shown } = file;
  if (!kept || kept.size >= kept.original_size) return <p className="text-xs text-muted">{tr("Uploaded")} · {sizeText(kept?.size ?? file.blob.size)}</p>;
  return (
    <p className="flex items-center gap-1.5 text-xs text-muted">
      {shown && <img src={shown} alt={tr("Before")} className="size-8 rounded object-cover" />}
      {sizeText(kept.original_size)}
      <span className="mirror"><Icon d={ARROW} /></span>
      {kept.has_thumbnail && <img src={`/library/${kept.key}/thumbnail?v=${kept.size}`} alt={tr("After")} className="size-8 rounded object-cover" />}
      {sizeText(kept.size)}
    </p>
  );
}

function Line({ file, onDrop, onAgain, onShow }) {
  const { state, blob, percent } = file;
  const stop = state === "running" || state === "waiting" ? tr("Cancel {name}", { name: blob.name }) : tr("Remove {name}", { name: blob.name });
  return (
    <li className="flex items-start gap-2 px-4 py-2.5">
      <div className="min-w-0 flex-1 space-y-1">
        <p className="truncate text-sm" dir="auto" title={blob.name}>{blob.name}</p>
        {state === "waiting" && <p className="text-xs text-muted">{tr("Waiting")}</p>}
        {state === "running" && percent < 100 && <span role="progressbar" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} aria-label={tr("Uploading {name}", { name: blob.name })} className="block h-1.5 overflow-hidden rounded-full bg-line"><span className="block h-full bg-accent transition-[width]" style={{ width: `${percent}%` }} /></span>}
        {state === "running" && percent >= 100 && <p className="text-xs text-muted">{tr("Being checked")}</p>}
        {state === "done" && <Compared file={file} />}
        {state === "existing" && <p className="text-xs text-muted">{tr("The library has this file already, as “{name}”.", { name: file.kept.name })}</p>}
        {state === "failed" && <p role="alert" className="text-xs text-danger-ink text-pretty">{file.error}</p>}
        <div className="flex gap-2 empty:hidden">
          {state === "failed" && file.offer && <button type="button" className={small} onClick={() => onAgain(file.id, true)}>{tr("Make it smaller")}</button>}
          {state === "failed" && !file.offer && <button type="button" className={small} onClick={() => onAgain(file.id, file.shrink)}>{tr("Try again")}</button>}
          {file.kept && <button type="button" className={small} onClick={() => onShow(file.kept.key)}>{tr("Show")}</button>}
        </div>
      </div>
      <button type="button" aria-label={stop} data-tip={stop} onClick={() => onDrop(file.id)} className="grid size-7 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"><Icon d={CROSS} /></button>
    </li>
  );
}

function Tray({ queue, onShow, inline }) {
  const { files } = queue;
  const busy = files.filter((file) => file.state === "running" || file.state === "waiting").length;
  if (!files.length) return null;
  const place = inline ? "mb-3" : "fixed end-4 bottom-4 z-30 w-88 max-w-[calc(100vw-2rem)] shadow-dialog";
  return (
    <section aria-label={tr("Uploads")} data-testid="uploads" className={`${place} overflow-hidden rounded-lg border bg-raised`}>
      <header className="flex items-center gap-2 border-b py-1.5 ps-4 pe-2">
        <p role="status" className="flex-1 text-sm font-medium">{busy ? trn("{n} file to go", "{n} files to go", busy) : tr("Uploads")}</p>
        {busy > 0
          ? <button type="button" className={small} onClick={() => queue.drop((file) => file.state === "running" || file.state === "waiting")}>{tr("Cancel all")}</button>
          : <button type="button" aria-label={tr("Close")} onClick={() => queue.drop(() => true)} className="grid size-7 place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"><Icon d={CROSS} /></button>}
      </header>
      <ul className="scroll-thin max-h-72 divide-y divide-line overflow-y-auto">
        {files.map((file) => <Line key={file.id} file={file} onDrop={(id) => queue.drop((each) => each.id === id)} onAgain={queue.again} onShow={onShow} />)}
      </ul>
    </section>
  );
}

// Takes files that are dropped on what it holds, or chosen by `chooseFiles(name)`, and shows how far they are.
export function LibraryUpload({ name, folder, allowed, inline, onShow, className, children }) {
  const queue = useQueue(folder);
  const [over, setOver] = useState(0);
  const carries = (event) => allowed && event.dataTransfer?.types?.includes("Files");
  const take = (list) => { if (allowed && list?.length) queue.add(list); };
  return (
    <div className={`relative ${className ?? ""}`}
      onDragEnter={(event) => { if (carries(event)) { event.preventDefault(); setOver((n) => n + 1); } }}
      onDragLeave={(event) => carries(event) && setOver((n) => Math.max(n - 1, 0))}
      onDragOver={(event) => carries(event) && event.preventDefault()}
      onDrop={(event) => { if (carries(event)) { event.preventDefault(); setOver(0); take(event.dataTransfer.files); } }}
    >
      <input id={`${name}-files`} type="file" multiple hidden data-testid={`${name}-files`} aria-label={tr("Choose files")} onChange={(event) => { take(event.target.files); event.target.value = ""; }} />
      {inline && <Tray queue={queue} onShow={onShow} inline />}
      {children}
      {over > 0 && <div className="pointer-events-none absolute inset-2 z-20 grid place-items-center rounded-lg border-2 border-dashed border-accent bg-accent-soft/90"><p className="text-base font-medium text-accent-ink">{tr("Drop the files to upload them")}</p></div>}
      {!inline && <Tray queue={queue} onShow={onShow} />}
    </div>
  );
}
