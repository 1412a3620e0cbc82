import { useCallback, useEffect, useRef, useState } from "react";
import { tr } from "./i18n.jsx";
import { EmojiButton } from "./emoji.jsx";
import { Icon } from "./composer_icons.jsx";
import { usePending, useUploads } from "./uploads.jsx";

const MAX = 4096;
const draftKey = (id) => `wapto.draft.${id}`;

function useDraft(id) {
  const [text, setText] = useState("");
  useEffect(() => setText(sessionStorage.getItem(draftKey(id)) ?? ""), [id]);
  const write = useCallback((value) => {
    setText(value);
    if (value) sessionStorage.setItem(draftKey(id), value);
    else sessionStorage.removeItem(draftKey(id));
  }, [id]);
  return [text, write];
}

// Whether the customer service window is open, followed by the clock of the browser.
function useOpenUntil(closesAt) {
  const left = () => (closesAt ? new Date(closesAt) - Date.now() : -1);
  const [open, setOpen] = useState(() => left() > 0);
  useEffect(() => {
    setOpen(left() > 0);
    if (left() <= 0) return undefined;
    const timer = setTimeout(() => setOpen(false), Math.min(left() + 250, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }, [closesAt]);
  return open;
}

function wrap(area, mark, write) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  write(value.slice(0, from) + mark + value.slice(from, to) + mark + value.slice(to));
  requestAnimationFrame(() => area.setSelectionRange(from + mark.length, to + mark.length));
}

function insert(area, piece, write) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  write(value.slice(0, from) + piece + value.slice(to));
  requestAnimationFrame(() => { area.focus(); area.setSelectionRange(from + piece.length, from + piece.length); });
}

function Quote({ quote, onCancel }) {
  return (
    <div className="mb-2 flex items-center gap-2 rounded-md border-s-4 border-accent bg-hover py-1.5 ps-3 pe-1 text-xs">
      <span className="min-w-0 flex-1 truncate text-muted" dir="auto">{quote.text}</span>
      <button type="button" onClick={onCancel} aria-label={tr("Cancel reply")} className="grid size-7 place-items-center rounded-md text-muted hover:bg-surface hover:text-ink"><Icon name="x" size={16} /></button>
    </div>
  );
}

function Attachment({ file, onRemove }) {
  return (
    <li className="relative flex w-44 items-center gap-2 rounded-md border bg-sunken p-2">
      {file.preview ? <img src={file.preview} alt="" className="size-10 flex-none rounded object-cover" /> : <span className="grid size-10 flex-none place-items-center rounded bg-hover text-muted"><Icon name="file" /></span>}
      <span className="min-w-0 flex-1">
        <span className="block truncate text-xs" title={file.name}>{file.name}</span>
        {file.error ? <span role="alert" className="block text-xs text-danger-ink">{file.error}</span>
          : file.key ? <span className="block text-xs text-muted">{tr("Ready")}</span>
            : <span role="progressbar" aria-valuenow={file.percent} aria-label={tr("Uploading")} className="mt-1 block h-1 overflow-hidden rounded bg-hover"><span className="block h-full bg-accent" style={{ width: `${file.percent}%` }} /></span>}
      </span>
      <button type="button" onClick={() => onRemove(file.id)} aria-label={tr("Remove {name}", { name: file.name })} className="grid size-7 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"><Icon name="x" size={16} /></button>
    </li>
  );
}

function Closed({ reason }) {
  return (
    <div data-testid="composer-closed" className="flex items-start gap-3 border-t bg-warning-soft px-4 py-3 text-sm text-warning-ink">
      <Icon name="lock" size={18} /><p className="text-pretty">{reason}</p>
    </div>
  );
}

function reasonToWait({ blocked, optedOut, connected, open, neverWrote }) {
  if (!connected) return tr("This number is not connected. Reconnect it under Integrations to write.");
  if (blocked) return tr("This contact is blocked. Unblock the contact to write to them.");
  if (optedOut) return tr("This contact asked not to receive messages.");
  if (open) return "";
  if (neverWrote) return tr("The customer has not written yet. WhatsApp allows only approved templates until they do.");
  return tr("More than 24 hours have passed since the customer's last message. WhatsApp allows only approved templates until they write again.");
}

// Text, files and an answered message go to the server in one event; what was refused stays in the box.
export function Composer({ conversation, closesAt, connected, blocked, optedOut, mayWrite, answered, accepted, quote: quoted, onSend, onCancelReply }) {
  const quote = quoted?.id ? quoted : null;
  const area = useRef(null);
  const picker = useRef(null);
  const [text, write] = useDraft(conversation);
  const uploads = useUploads(conversation);
  const open = useOpenUntil(closesAt);
  const sentFrom = useRef(0);
  const [pending, begin] = usePending(answered, accepted, () => {
    // The reader may be elsewhere by now: what is written there stays.
    if (sentFrom.current !== conversation) { sessionStorage.removeItem(draftKey(sentFrom.current)); return; }
    write("");
    uploads.clear();
    onCancelReply?.();
  });

  useEffect(() => {
    const box = area.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  }, [text]);
  useEffect(() => { if (quote) area.current?.focus(); }, [quote?.id]);

  if (!mayWrite) return null;
  const reason = reasonToWait({ blocked, optedOut, connected, open, neverWrote: !closesAt });
  if (reason) return <Closed reason={reason} />;

  const ready = uploads.files.filter((file) => file.key);
  const busy = uploads.files.some((file) => !file.key && !file.error);
  const tooLong = text.trim().length > MAX;
  const maySend = !pending && !busy && !tooLong && (text.trim() || ready.length);
  const send = () => {
    if (!maySend) return;
    sentFrom.current = conversation;
    begin();
    onSend({ conversation, text, files: ready.map((file) => file.key), reply_to: quote?.id ?? 0 });
  };
  const onKeyDown = (event) => {
    if (event.nativeEvent.isComposing) return;
    const mark = { b: "*", i: "_" }[event.key.toLowerCase()];
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
    else if (event.key === "Escape" && quote) onCancelReply?.();
    else if (mark && (event.ctrlKey || event.metaKey)) { event.preventDefault(); wrap(area.current, mark, write); }
  };
  const take = (list) => { if (list?.length) uploads.add([...list]); };

  return (
    <form className="border-t bg-surface p-3" onSubmit={(event) => { event.preventDefault(); send(); }}
      onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); take(event.dataTransfer.files); }}>
      {quote && <Quote quote={quote} onCancel={onCancelReply} />}
      {uploads.files.length > 0 && <ul className="mb-2 flex flex-wrap gap-2" aria-label={tr("Attachments")}>{uploads.files.map((file) => <Attachment key={file.id} file={file} onRemove={uploads.remove} />)}</ul>}
      <div className="flex items-end gap-1">
        <input ref={picker} type="file" multiple hidden data-testid="composer-file" onChange={(event) => { take(event.target.files); event.target.value = ""; }} />
        <button type="button" onClick={() => picker.current.click()} aria-label={tr("Attach files")} data-tip={tr("Attach files")} className="grid size-9 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"><Icon name="clip" /></button>
        <EmojiButton onPick={(emoji) => insert(area.current, emoji, write)} />
        <textarea ref={area} data-testid="composer-text" value={text} rows={1} dir="auto" onChange={(event) => write(event.target.value)} onKeyDown={onKeyDown}
          onPaste={(event) => { if (event.clipboardData.files.length) { event.preventDefault(); take(event.clipboardData.files); } }}
          placeholder={tr("Write a message")} aria-label={tr("Write a message")} aria-invalid={tooLong}
          className="scroll-thin min-h-9 flex-1 resize-none rounded-md bg-transparent px-2 py-2 text-sm outline-none placeholder:text-faint max-sm:text-base" />
        <button type="submit" data-testid="composer-send" disabled={!maySend} aria-label={tr("Send")} data-tip={tr("Send")} className="grid size-9 flex-none place-items-center rounded-md bg-accent text-on-accent hover:bg-accent-hover disabled:bg-hover disabled:text-faint"><Icon name="send" /></button>
      </div>
      {text.length > MAX - 400 && <p role="status" className={`mt-1 text-end text-xs ${tooLong ? "text-danger-ink" : "text-muted"}`}>{tr("{n} of {max} characters", { n: text.trim().length, max: MAX })}</p>}
    </form>
  );
}

// Tells the server that somebody really looks at what has arrived.
export function Seen({ conversation, unread, onSeen }) {
  useEffect(() => {
    if (!unread || !conversation) return undefined;
    const look = () => { if (document.visibilityState === "visible" && document.hasFocus()) onSeen?.(); };
    look();
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, [conversation, unread]);
  return null;
}
