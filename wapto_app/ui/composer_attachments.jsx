import { useState } from "react";
import ChevronLeft from "lucide-react/dist/esm/icons/chevron-left.mjs";
import ChevronRight from "lucide-react/dist/esm/icons/chevron-right.mjs";
import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import X from "lucide-react/dist/esm/icons/x.mjs";
import { tr } from "./i18n.jsx";
import { bytes, Wrong } from "./composer_parts.jsx";

const CAPTION_MAX = 1024;
const MUTE = new Set(["audio", "sticker"]);
const SMALL = "grid size-7 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink disabled:opacity-40";

function State({ file, onRetry }) {
  const again = (words, shrink) => <button type="button" onClick={() => onRetry(shrink)} className="font-medium underline underline-offset-2">{words}</button>;
  if (file.error) {
    return (
      <span role="alert" className="block text-xs text-danger-ink">
        {file.error} {file.offer === "shrink" ? again(tr("Make it smaller"), true) : file.again && again(tr("Try again"), false)}
      </span>
    );
  }
  if (file.key && file.before > file.size) return <span className="block text-xs text-muted">{tr("Ready")} · {tr("{before}, now {after}", { before: bytes(file.before), after: bytes(file.size) })}</span>;
  if (file.key) return <span className="block text-xs text-muted">{tr("Ready")} · {bytes(file.size)}</span>;
  return (
    <span role="progressbar" aria-valuenow={file.percent} aria-label={tr("Uploading")} className="mt-1.5 block h-1 overflow-hidden rounded bg-hover">
      <span className="block h-full bg-accent" style={{ width: `${file.percent}%` }} />
    </span>
  );
}

function Attachment({ file, at, count, uploads, error, drag }) {
  return (
    <li draggable={count > 1} data-testid="attachment" {...drag(at)} className="w-60 flex-none rounded-md border bg-sunken p-2 max-sm:w-52">
      <div className="flex items-center gap-2">
        {file.preview ? <img src={file.preview} alt="" className="size-10 flex-none rounded object-cover" /> : <span className="grid size-10 flex-none place-items-center rounded bg-hover text-muted"><FileText size={20} aria-hidden="true" /></span>}
        <span className="min-w-0 flex-1">
          <span className="block truncate text-xs" dir="auto" title={file.name}>{file.name}</span>
          <State file={file} onRetry={(shrink) => uploads.retry(file.id, shrink)} />
        </span>
        <button type="button" onClick={() => uploads.remove(file.id)} aria-label={tr("Remove {name}", { name: file.name })} className={`${SMALL} -me-1 self-start`}><X size={16} aria-hidden="true" /></button>
      </div>
      <div className="mt-2 flex items-center gap-1">
        {MUTE.has(file.kind) ? <span className="flex-1 text-xs text-faint">{tr("Goes without a caption")}</span> : (
          <input value={file.caption} maxLength={CAPTION_MAX} dir="auto" onChange={(event) => uploads.caption(file.id, event.target.value)} placeholder={tr("Caption")} aria-label={tr("Caption of {name}", { name: file.name })} aria-invalid={Boolean(error)}
            className="h-8 min-w-0 flex-1 rounded-md bg-surface px-2 text-xs outline-offset-0 placeholder:text-faint max-sm:text-base" />
        )}
        {count > 1 && <button type="button" disabled={at === 0} onClick={() => uploads.move(file.id, -1)} aria-label={tr("Send {name} earlier", { name: file.name })} className={SMALL}><ChevronLeft className="mirror" size={16} aria-hidden="true" /></button>}
        {count > 1 && <button type="button" disabled={at === count - 1} onClick={() => uploads.move(file.id, 1)} aria-label={tr("Send {name} later", { name: file.name })} className={SMALL}><ChevronRight className="mirror" size={16} aria-hidden="true" /></button>}
      </div>
      <Wrong text={error} />
    </li>
  );
}

// Each file with its caption, in the order in which they are sent; they can be dragged or moved by their arrows.
export function Attachments({ uploads, errors }) {
  const [dragged, setDragged] = useState(null);
  const { files } = uploads;
  if (!files.length) return null;
  const drag = (at) => ({
    onDragStart: (event) => { event.dataTransfer.effectAllowed = "move"; setDragged(at); },
    onDragEnd: () => setDragged(null),
    onDragOver: (event) => { if (dragged !== null) event.preventDefault(); },
    onDrop: (event) => {
      if (dragged === null) return;
      event.preventDefault();
      event.stopPropagation();
      uploads.move(files[dragged].id, at - dragged);
      setDragged(null);
    },
  });
  return (
    <ul aria-label={tr("Attachments")} className="scroll-thin mb-2 flex max-h-60 flex-wrap gap-2 overflow-y-auto max-sm:flex-nowrap max-sm:overflow-x-auto">
      {files.map((file, at) => <Attachment key={file.id} file={file} at={at} count={files.length} uploads={uploads} error={errors?.[`caption.${at}`]} drag={drag} />)}
    </ul>
  );
}
