import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { tr } from "./i18n.jsx";

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

// The text of a conversation: in this tab at once, on the server when typing rests. `saved` is what the server has
// ({ conversation, text, clash }); when something else was written in another window, its owner is asked (`clash`).
export function useDraft(conversation, saved, onSave) {
  const text = useStored(conversation);
  const [clash, setClash] = useState("");
  // What the server has, as far as we know; nothing is saved before we do.
  const known = useRef(null);
  const timer = useRef(null);
  const save = useRef(onSave);
  useEffect(() => { save.current = onSave; });

  const flush = () => {
    clearTimeout(timer.current);
    const now = draftOf(conversation);
    if (known.current === null || now === known.current) return;
    save.current?.(conversation, now, known.current);
    known.current = now;
  };
  const later = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(flush, REST);
  };
  useEffect(() => {
    if (saved?.conversation !== conversation) return;
    const own = draftOf(conversation);
    if (own && saved.text && own !== saved.text) {
      known.current = null;
      setClash(saved.text);
      return;
    }
    known.current = saved.text;
    if (!own) putDraft(conversation, saved.text);
    else later();
  }, [saved, conversation]);
  useEffect(later, [text]);
  useEffect(() => {
    const hidden = () => { if (document.visibilityState === "hidden") flush(); };
    document.addEventListener("visibilitychange", hidden);
    return () => { document.removeEventListener("visibilitychange", hidden); flush(); };
  }, [conversation]);

  // The server forgets it by itself when the message is sent.
  const sent = () => { known.current = ""; };
  const choose = (theirs) => {
    known.current = clash;
    setClash("");
    if (theirs) putDraft(conversation, clash);
    else later();
  };
  return { text, write: (value) => putDraft(conversation, value), sent, clash, choose };
}

export function Clash({ text, onChoose }) {
  if (!text) return null;
  return (
    <div role="alert" className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md bg-warning-soft px-3 py-2 text-xs text-warning-ink">
      <span className="min-w-0 flex-1 truncate" dir="auto">{tr("In another window you wrote: {text}", { text })}</span>
      <button type="button" onClick={() => onChoose(true)} className="font-medium underline underline-offset-2">{tr("Use that")}</button>
      <button type="button" onClick={() => onChoose(false)} className="font-medium underline underline-offset-2">{tr("Keep this")}</button>
    </div>
  );
}
