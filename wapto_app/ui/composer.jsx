import { useEffect, useRef, useState } from "react";
import Send from "lucide-react/dist/esm/icons/send.mjs";
import X from "lucide-react/dist/esm/icons/x.mjs";
import { tr } from "./i18n.jsx";
import { Attachments } from "./composer_attachments.jsx";
import { Closed, reasonToWait, useOpenUntil, whyClosed } from "./composer_closed.jsx";
import { useDelivery } from "./composer_delivery.jsx";
import { Clash, draftOf, draftsBelongTo, putDraft, takeFromDraft, useDraft, useStored } from "./composer_draft.jsx";
import { Later, Wrong } from "./composer_parts.jsx";
import { Formatting, insert, markOf, trigger, useHeight, wrap } from "./composer_text.jsx";
import { Tools } from "./composer_tools.jsx";
import { UndoBar } from "./composer_undo.jsx";
import { addReady, filesOf, forget, putFiles, useUploads } from "./uploads.jsx";

const MAX = 4096;
const NEW_LINE = "\n";
// Meta shows "typing …" for 25 seconds.
const TYPING_EVERY = 20_000;
const NOTHING = { text: "", files: [] };
const PARTS = {
  emoji: () => import("./emoji.jsx"),
  voice: () => import("./composer_voice.jsx"),
  interactive: () => import("./composer_interactive.jsx"),
  place: () => import("./composer_place.jsx"),
  cards: () => import("./composer_cards.jsx"),
  templates: () => import("./composer_templates.jsx"),
  schedule: () => import("./composer_schedule.jsx"),
};
const FORMS = ["interactive", "place", "cards"];
const suggestions = () => import("./composer_suggest.jsx");
const scheduledList = () => import("./composer_scheduled.jsx");

function Quote({ quote, onCancel }) {
  return (
    <div className="mb-2 flex items-center gap-2 rounded-md border-s-4 border-accent bg-hover py-1.5 ps-3 pe-1 text-xs">
      <span className="min-w-0 flex-1 truncate text-muted" dir="auto">{quote.text}</span>
      <button type="button" onClick={onCancel} aria-label={tr("Cancel reply")} className="grid size-7 place-items-center rounded-md text-muted hover:bg-surface hover:text-ink"><X size={16} aria-hidden="true" /></button>
    </div>
  );
}

function Modes({ note, onChange }) {
  const tab = (isNote, label) => (
    <button type="button" role="tab" data-key={isNote ? "n" : undefined} aria-selected={note === isNote} onClick={() => onChange(isNote)}
      className="rounded-md px-2.5 py-1 text-xs text-muted hover:text-ink aria-selected:bg-hover aria-selected:font-medium aria-selected:text-ink">{label}</button>
  );
  return <div role="tablist" aria-label={tr("What you write")} className="mb-1 flex gap-1">{tab(false, tr("Reply"))}{tab(true, tr("Note"))}</div>;
}

// Where what was handed over waits until the server has answered, whatever conversation is shown meanwhile.
export function Composer(props) {
  draftsBelongTo(props.owner);
  const seconds = useRef(0);
  const typedAt = useRef(0);
  useEffect(() => { seconds.current = props.undoSeconds; });
  const delivery = useDelivery(props.answered, props.accepted);
  const [sent, setSent] = useState(null);
  const [again, setAgain] = useState(null);
  const shown = useRef(0);
  useEffect(() => { shown.current = props.conversation; typedAt.current = 0; setAgain(null); }, [props.conversation]);
  const typing = () => {
    if (Date.now() - typedAt.current < TYPING_EVERY) return;
    typedAt.current = Date.now();
    props.onTyping(props.conversation);
  };
  const over = (which) => { forget(which.files); setSent((now) => (now === which ? null : now)); };
  const send = (conversation, message, what) => {
    const ref = delivery.begin([conversation, message], () => {
      typedAt.current = 0;
      if (what.text) takeFromDraft(conversation, what.text);
      if (what.files?.length) putFiles(conversation, []);
      if (seconds.current > 0) setSent({ conversation, message, text: "", files: what.recording ?? [], ...what, until: Date.now() + seconds.current * 1000 });
      setAgain(null);
      what.done?.();
    });
    props.onSend(conversation, ref, message, what.saved ?? NOTHING);
  };
  const undo = (which) => {
    const ref = delivery.begin(["undo", which.until], () => {
      const text = [which.text, draftOf(which.conversation)].filter(Boolean).join(NEW_LINE);
      if (which.text) putDraft(which.conversation, text);
      if (which.files.length) putFiles(which.conversation, [...filesOf(which.conversation), ...which.files]);
      if (which.conversation === shown.current) setAgain(which.message);
    });
    setSent(null);
    props.onUndo(ref);
  };
  if (!props.mayWrite) return null;
  return <Desk key={props.conversation} {...props} delivery={delivery} send={send} typing={typing} again={again} undoBar={<UndoBar sent={sent} onUndo={undo} onOver={over} />} />;
}

function Desk(props) {
  const { conversation, closesAt, delivery, quote: quoted, onCancelReply } = props;
  const errors = delivery.refused ? props.errors : {};
  const quote = quoted?.id ? quoted : null;
  const area = useRef(null);
  const picker = useRef(null);
  const suggest = useRef(null);
  const eager = useRef(false);
  const [note, setNote] = useState(false);
  const [panel, setPanel] = useState("");
  const [formatting, setFormatting] = useState(false);
  const mentions = useRef(new Map());
  const uploads = useUploads(conversation);
  const draft = useDraft(conversation, props.draft, uploads.files, props.onDraft);
  const noteText = useStored(`note-${conversation}`);
  const setNoteText = (value) => putDraft(`note-${conversation}`, value);
  const [at, setAt] = useState(0);
  const [round, setRound] = useState(0);
  const open = useOpenUntil(closesAt);
  const [text, write] = note ? [noteText, setNoteText] : [draft.text, draft.write];
  const focus = () => requestAnimationFrame(() => area.current?.focus());
  const close = () => { setPanel(""); focus(); };
  // A dialog that is still there keeps the focus to itself: once more when it has gone.
  const was = useRef(panel);
  useEffect(() => { if (was.current && !panel) focus(); was.current = panel; }, [panel]);
  useHeight(area, text, note);
  const attached = useRef(props.attached?.n);
  useEffect(() => {
    if (!props.attached || props.attached.n === attached.current) return;
    attached.current = props.attached.n;
    if (props.attached.purpose === "message") addReady(conversation, props.attached.files);
  }, [props.attached?.n]);
  useEffect(() => { if (quote) { setNote(false); focus(); } }, [quote?.id]);

  const ready = uploads.files.filter((file) => file.key);
  const busy = uploads.files.some((file) => !file.key && !file.error);
  const tooLong = text.trim().length > MAX;
  const blocked = note ? "" : reasonToWait(props);
  const closed = !note && !blocked && !open;
  const hasContent = text.trim() || (!note && ready.length);
  const maySend = !delivery.pending && !tooLong && hasContent && (note || (!busy && !closed && !blocked));
  const content = () => ({ text, files: ready.map(({ key, caption, voice }) => ({ key, caption, voice: Boolean(voice) })), reply_to: quote?.id ?? 0 });
  const sendMessage = () => {
    props.send(conversation, content(), { text, files: uploads.files, saved: draft.saved(), done: () => { draft.sent(); onCancelReply?.(); } });
  };
  const sendNote = () => {
    const named = [...mentions.current].filter(([, name]) => text.includes(`@${name}`)).map(([id]) => id);
    const ref = delivery.begin([conversation, "note", text, named], () => { setNoteText(""); mentions.current.clear(); });
    props.onNote(conversation, ref, text, named);
  };
  const send = () => { if (maySend) (note ? sendNote : sendMessage)(); };
  // Anything but the text of the box: a place, a card, buttons, a template, a recording.
  const deliver = (message, recording) => {
    props.send(conversation, { reply_to: quote?.id ?? 0, ...message }, { recording, done: () => { onCancelReply?.(); setRound(round + 1); close(); } });
  };
  // What was taken back is in its form again.
  const form = FORMS.find((name) => props.again?.[name]);
  useEffect(() => { if (form) setPanel(form); else if (props.again) focus(); }, [props.again]);
  const toggleNote = (wanted) => { setNote(wanted); setPanel(""); focus(); };
  const onKeyDown = (event) => {
    if (event.nativeEvent.isComposing || suggest.current?.(event)) return;
    // The quick replies are still on their way: what was typed is not meant for the customer.
    if (!note && typed !== null && !suggest.current && event.key === "Enter" && !event.shiftKey) { event.preventDefault(); eager.current = true; return; }
    const mark = markOf(event);
    const isNoteKey = event.code === "KeyN" && ((event.shiftKey && (event.ctrlKey || event.metaKey)) || event.altKey);
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
    else if (isNoteKey) { event.preventDefault(); toggleNote(!note); }
    else if (event.key === "Escape" && panel) { event.preventDefault(); setPanel(""); }
    else if (event.key === "Escape" && quote) onCancelReply?.();
    else if (mark) { event.preventDefault(); wrap(area.current, mark, write); }
  };
  const take = (list) => { if (list?.length) { setNote(false); uploads.add([...list]); } };
  const toggle = (name) => setPanel((now) => (now === name ? "" : name));
  const act = {
    attach: () => picker.current.click(),
    emoji: () => toggle("emoji"),
    voice: () => setPanel("voice"),
    quick: () => { if (!text) { write("/"); setAt(1); } focus(); },
    formatting: () => { setFormatting(!formatting); focus(); },
    library: () => props.onLibrary("message", ""),
    templates: () => setPanel("templates"),
    interactive: () => setPanel("interactive"),
    place: () => setPanel("place"),
    cards: () => setPanel("cards"),
    schedule: () => setPanel("schedule"),
  };
  const typed = trigger(text, at, note);
  const caret = () => setAt(area.current?.selectionStart ?? 0);
  const shared = { conversation, errors, pending: delivery.pending, onSend: deliver, onClose: close };
  const templates = {
    ...shared, rows: props.templates, form: props.template, attached: props.attached, onFind: props.onFindTemplates, onChoose: props.onChooseTemplate,
    onSync: props.onSyncTemplates, onLibrary: props.mayPick && ((kind) => props.onLibrary("template", kind)),
  };
  const planned = () => { takeFromDraft(conversation, text); putFiles(conversation, []); draft.sent(); close(); };
  const parts = {
    emoji: { onPick: (emoji) => insert(area.current, emoji, write), onClose: close },
    voice: { ...shared, maxSeconds: 900 },
    interactive: { ...shared, initial: props.again?.interactive },
    place: { ...shared, initial: props.again?.place, place: props.place, onLook: props.onReadPlace },
    cards: { ...shared, initial: props.again?.cards, mayShare: props.mayShare, contacts: props.contacts, onFind: props.onFindContacts },
    templates,
    schedule: { ...templates, content: content(), ready: Boolean(hasContent) && !busy, closesAt, opening: props.opening, delivery, onAsk: props.onAskOpening, onPlan: (...what) => props.onPlan(...what, draft.saved()), onPlanned: planned },
  };
  const body = (
    <>
      {!note && <Clash other={draft.clash} onChoose={draft.choose} />}
      {!note && quote && <Quote quote={quote} onCancel={onCancelReply} />}
      {formatting && <Formatting area={area} text={text} write={write} />}
      {!note && <Attachments uploads={uploads} errors={errors} />}
      {panel === "voice" ? <Later load={PARTS.voice} {...parts.voice} /> : (
        <div className="flex items-end gap-1 sm:flex-wrap">
          <div className={`relative flex min-w-0 flex-1 rounded-md border sm:basis-full ${note ? "border-warning bg-warning-soft" : "border-line-strong bg-surface"} max-sm:order-2`}>
            {typed !== null && (
              <Later load={suggestions} area={area} text={text} typed={typed} note={note} write={write} handle={suggest} eager={eager} conversation={conversation} mentions={mentions} errors={errors}
                replies={props.replies} onFindReplies={props.onFindReplies} onUse={props.onUseReply} people={props.people} onFindPeople={props.onFindPeople} />
            )}
            <textarea ref={area} data-testid="composer-text" value={text} rows={1} dir="auto" onChange={(event) => { eager.current = false; write(event.target.value); caret(); if (!note && event.target.value.trim()) props.typing(); }} onKeyDown={onKeyDown} onKeyUp={caret} onClick={caret}
              onPaste={(event) => { if (event.clipboardData.files.length) { event.preventDefault(); take(event.clipboardData.files); } }}
              placeholder={note ? tr("Write a note that only your team sees") : tr("Write a message")} aria-label={note ? tr("Write a note") : tr("Write a message")} aria-invalid={tooLong}
              className="scroll-thin min-h-9 w-full resize-none bg-transparent px-3 py-2 text-sm outline-none placeholder:text-faint max-sm:text-base" />
          </div>
          <div className="flex flex-none items-center max-sm:order-1">
            <input ref={picker} type="file" multiple hidden data-testid="composer-file" onChange={(event) => { take(event.target.files); event.target.value = ""; }} />
            <Tools note={note} formatting={formatting} act={act} panel={panel} mayPick={props.mayPick} />
          </div>
          <button type="submit" data-testid="composer-send" disabled={!maySend} aria-label={note ? tr("Save note") : tr("Send")} data-tip={note ? tr("Save note") : tr("Send")}
            className="ms-auto grid size-9 flex-none place-items-center rounded-md bg-accent text-on-accent hover:bg-accent-hover disabled:bg-hover disabled:text-faint max-sm:order-3"><Send size={20} aria-hidden="true" /></button>
        </div>
      )}
      <Wrong text={errors?.message} />
      {delivery.late && <p role="status" className="mt-1 text-xs text-warning-ink">{tr("The server has not answered yet. What you wrote is still here.")}</p>}
      {text.length > MAX - 400 && <p role="status" className={`mt-1 text-end text-xs ${tooLong ? "text-danger-ink" : "text-muted"}`}>{tr("{n} of {max} characters", { n: text.trim().length, max: MAX })}</p>}
    </>
  );
  return (
    <div className="relative border-t bg-surface p-3 max-sm:p-2" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); take(event.dataTransfer.files); }}>
      {props.undoBar}
      {props.scheduled?.length > 0 && <Later load={scheduledList} rows={props.scheduled} opening={props.opening} errors={errors} delivery={delivery} onCancel={props.onCancelScheduled} onNow={props.onSendScheduled} onEdit={props.onEditScheduled} />}
      <Modes note={note} onChange={toggleNote} />
      {blocked && <Closed reason={blocked} />}
      {closed && <Closed reason={whyClosed(!closesAt)}><Later key={round} load={PARTS.templates} {...templates} inline /></Closed>}
      {!blocked && !closed && <form aria-label={tr("Composer")} onSubmit={(event) => { event.preventDefault(); send(); }}>{body}</form>}
      {/* Outside of the form: what is typed in a dialog must not send the message. */}
      {panel && panel !== "voice" && !blocked && !closed && <Later key={panel} load={PARTS[panel]} {...parts[panel]} />}
    </div>
  );
}
