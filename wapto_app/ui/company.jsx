import { useEffect, useRef } from "react";
import { tr } from "./i18n.jsx";

const BEAT_MS = 4000;
const WRITING_MS = 3000;
const isBox = (target) => target.closest?.("[data-testid=composer-text]");

// Says every few seconds that the conversation is looked at, and at once, but seldom, that somebody writes in it.
export function Beat({ conversation, onBeat }) {
  const tell = useRef(onBeat);
  useEffect(() => { tell.current = onBeat; });
  useEffect(() => {
    if (!conversation) return undefined;
    let wrote = 0;
    const beat = () => { if (document.visibilityState === "visible") tell.current?.(conversation, false); };
    const write = (event) => {
      if (!isBox(event.target) || Date.now() - wrote < WRITING_MS) return;
      wrote = Date.now();
      tell.current?.(conversation, true);
    };
    beat();
    const timer = setInterval(beat, BEAT_MS);
    document.addEventListener("input", write);
    document.addEventListener("visibilitychange", beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener("input", write);
      document.removeEventListener("visibilitychange", beat);
    };
  }, [conversation]);
  return null;
}

// "Ana is writing", "Ana and Ben are looking at this too".
export function CompanyLine({ people }) {
  if (!people?.length) return null;
  const writers = people.filter((one) => one.writing);
  const [first, ...rest] = writers.length ? writers : people;
  const args = { name: first.name, n: rest.length };
  const words = writers.length ? (rest.length ? tr("{name} and {n} more are writing", args) : tr("{name} is writing", args))
    : rest.length ? tr("{name} and {n} more are here too", args) : tr("{name} is here too", args);
  return (
    <p role="status" data-testid="company" data-writing={writers.length > 0} className="flex items-center gap-2 border-b bg-info-soft px-4 py-1 text-xs text-info-ink">
      <span className={`size-1.5 flex-none rounded-full bg-current ${writers.length ? "animate-pulse-soft" : ""}`} />
      <bdi className="truncate">{words}</bdi>
    </p>
  );
}
