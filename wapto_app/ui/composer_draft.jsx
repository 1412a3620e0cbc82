import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { tr } from "./i18n.jsx";
import { asReady, filesOf, putFiles } from "./uploads.jsx";

const REST = 900;
let owner = "";
const keyOf = (conversation) => `wapto.draft.${owner}.${conversation}`;
const listeners = new Set();
const subscribe = (listener) => (listeners.add(listener), () => listeners.delete(listener));

// Whoever signs in next in this tab does not find what another person has begun.
export function draftsBelongTo(person) {
  owner = person;
}

export const useStored = (key) => useSyncExternalStore(subscribe, () => draftOf(key), () => "");

export function draftOf(conversation) {
  return sessionStorage.getItem(keyOf(conversation)) ?? "";
}

export function putDraft(conversation, text) {
  if (text) sessionStorage.setItem(keyOf(conversation), text);
  else sessionStorage.removeItem(keyOf(conversation));
  listeners.forEach((listener) => listener());
}

// What was sent leaves the box; what was typed since stays.
export function takeFromDraft(conversation, sent) {
  const text = draftOf(conversation);
  if (text.startsWith(sent)) putDraft(conversation, text.slice(sent.length).replace(/^\s+/, ""));
}

// What stands in the box, as the server keeps it: files that are still on their way are not among it.
function written(conversation) {
  const files = filesOf(conversation).filter((file) => file.key).map(({ key, caption, voice }) => ({ key, caption, voice: Boolean(voice) }));
  return { text: draftOf(conversation), files };
}

const EMPTY = { text: "", files: [] };
const isEmpty = ({ text, files }) => !text && !files.length;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const asWritten = ({ text, files }) => ({ text, files: files.map(({ key, caption, voice }) => ({ key, caption, voice })) });

// Text and files of a conversation: in this tab at once, on the server when typing rests. `saved` is what the server has
// ({ conversation, text, files, clash }); when something else was written in another window, its owner is asked (`clash`).
export function useDraft(conversation, saved, files, onSave) {
  const text = useStored(conversation);
  const [clash, setClash] = useState(null);
  // What the server has, as far as we know; nothing is saved before we do.
  const known = useRef(null);
  const timer = useRef(null);
  const save = useRef(onSave);
  useEffect(() => { save.current = onSave; });

  const flush = () => {
    clearTimeout(timer.current);
    const now = written(conversation);
    if (known.current === null || same(now, known.current)) return;
    save.current?.(conversation, now, known.current);
    known.current = now;
  };
  const later = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(flush, REST);
  };
  const take = (theirs) => {
    putDraft(conversation, theirs.text);
    putFiles(conversation, [...theirs.files.map(asReady), ...filesOf(conversation).filter((file) => !file.key)]);
  };
  useEffect(() => {
    if (saved?.conversation !== conversation) return;
    const [own, theirs] = [written(conversation), asWritten(saved)];
    // Told once more: what was changed here since is newer.
    if (known.current !== null && same(theirs, known.current)) return;
    // After a reload the text is still in this tab, the files are on the server alone.
    const lacksFiles = own.text === theirs.text && !filesOf(conversation).length && !saved.clash;
    if (!isEmpty(own) && !isEmpty(theirs) && !same(own, theirs) && !lacksFiles) {
      known.current = null;
      setClash(saved);
      return;
    }
    known.current = theirs;
    if (isEmpty(own) || lacksFiles) take(saved);
    else later();
  }, [saved, conversation]);
  useEffect(later, [text, files]);
  // Nothing to choose between: the box was sent, or emptied, and the other one is all there is.
  useEffect(() => { if (clash && isEmpty(written(conversation)) && !files.length) choose(true); }, [clash, text, files]);
  useEffect(() => {
    const hidden = () => { if (document.visibilityState === "hidden") flush(); };
    document.addEventListener("visibilitychange", hidden);
    return () => { document.removeEventListener("visibilitychange", hidden); flush(); };
  }, [conversation]);

  // The server forgets it by itself when the message is sent.
  const sent = () => { if (known.current !== null) known.current = EMPTY; };
  const choose = (theirs) => {
    known.current = asWritten(clash);
    setClash(null);
    if (theirs) take(clash);
    else later();
  };
  return { text, write: (value) => putDraft(conversation, value), saved: () => known.current ?? EMPTY, sent, clash, choose };
}

export function Clash({ other, onChoose }) {
  if (!other) return null;
  const text = other.text || other.files.map((file) => file.filename).join(", ");
  return (
    <div role="alert" className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md bg-warning-soft px-3 py-2 text-xs text-warning-ink">
      <span className="min-w-0 flex-1 truncate" dir="auto">{tr("In another window you wrote: {text}", { text })}</span>
      <button type="button" onClick={() => onChoose(true)} className="font-medium underline underline-offset-2">{tr("Use that")}</button>
      <button type="button" onClick={() => onChoose(false)} className="font-medium underline underline-offset-2">{tr("Keep this")}</button>
    </div>
  );
}
