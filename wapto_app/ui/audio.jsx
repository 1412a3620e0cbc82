import { useEffect, useRef, useState } from "react";
import { tr } from "./i18n.jsx";

const SPEEDS = [1, 1.5, 2];
const BARS = 36;
let playing = null;

// The same bars for the same file, every time: WhatsApp does not say how loud a note is where.
function barsOf(name) {
  let seed = [...name].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) >>> 0, 7);
  return Array.from({ length: BARS }, () => {
    seed = (seed * 1103515245 + 12345) >>> 0;
    return 25 + ((seed >>> 16) % 75);
  });
}

const clock = (seconds) => (Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : "–:––");

// What is recorded by a browser does not say how long it is until it was read to its end. It may say several times that
// it changed its mind before it knows.
function measured(element, onKnown) {
  if (Number.isFinite(element.duration)) { onKnown(element.duration); return; }
  const told = new AbortController();
  const look = () => {
    if (!Number.isFinite(element.duration)) return;
    told.abort();
    element.currentTime = 0;
    onKnown(element.duration);
  };
  for (const event of ["durationchange", "seeked", "timeupdate", "ended"]) element.addEventListener(event, look, { signal: told.signal });
  element.currentTime = 1e9;
}

// Sound of a message: one plays at a time, and its place can be chosen by pointer and by arrow keys.
export default function Audio({ src, onMissing }) {
  const audio = useRef(null);
  const [state, setState] = useState({ on: false, at: 0, length: NaN });
  const [speed, setSpeed] = useState(1);
  const patch = (change) => setState((now) => ({ ...now, ...change }));
  const measure = () => measured(audio.current, (length) => patch({ length }));
  const share = Number.isFinite(state.length) && state.length > 0 ? state.at / state.length : 0;

  // The browser begins to load as soon as the element is made, which may be long before React shows it and listens.
  useEffect(() => {
    const element = audio.current;
    if (element.error) onMissing?.();
    else if (element.readyState > 0) measure();
    return () => { if (playing === element) playing = null; };
  }, []);
  const toggle = () => {
    const element = audio.current;
    if (!element.paused) { element.pause(); return; }
    if (playing && playing !== element) playing.pause();
    playing = element;
    element.playbackRate = speed;
    element.play().catch(() => patch({ on: false }));
  };
  const seek = (to) => {
    const element = audio.current;
    if (Number.isFinite(element.duration)) { element.currentTime = Math.min(Math.max(to, 0), element.duration); patch({ at: element.currentTime }); }
  };
  const faster = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
    setSpeed(next);
    audio.current.playbackRate = next;
  };
  const onKeyDown = (event) => {
    const step = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5 }[event.key];
    if (step) { event.preventDefault(); event.stopPropagation(); seek(state.at + step); }
  };
  const onPoint = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * state.length);
  };

  return (
    <div data-testid="audio" dir="ltr" className="flex w-72 max-w-full items-center gap-2.5">
      <audio ref={audio} src={src} preload="metadata" onLoadedMetadata={measure}
        onPlay={() => patch({ on: true })} onPause={() => patch({ on: false })} onTimeUpdate={(event) => patch({ at: event.target.currentTime })}
        onEnded={() => patch({ on: false, at: 0 })} onError={onMissing} />
      <button type="button" onClick={toggle} aria-label={state.on ? tr("Pause") : tr("Play")} className="grid size-9 flex-none place-items-center rounded-full bg-accent text-on-accent hover:bg-accent-hover">
        <svg width="18" height="18" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true"><path d={state.on ? "M7 5h4v14H7zM13 5h4v14h-4z" : "M8 5v14l11-7z"} /></svg>
      </button>
      <div role="slider" tabIndex={0} aria-label={tr("Place in the recording")} aria-valuemin={0} aria-valuemax={Math.round(state.length) || 0} aria-valuenow={Math.round(state.at)} aria-valuetext={clock(state.at)}
        onKeyDown={onKeyDown} onClick={onPoint} className="flex h-8 min-w-0 flex-1 cursor-pointer items-center gap-px rounded">
        {barsOf(src).map((height, i) => <span key={i} className={`w-full rounded-full ${i / BARS < share ? "bg-accent" : "bg-line-strong/45"}`} style={{ height: `${height}%` }} />)}
      </div>
      <span className="w-9 flex-none text-end text-xs text-muted tabular-nums">{clock(state.on || state.at ? state.at : state.length)}</span>
      <button type="button" onClick={faster} aria-label={tr("Speed")} className="h-6 w-9 flex-none rounded-full bg-hover text-xs font-medium text-muted hover:text-ink">{speed}×</button>
    </div>
  );
}
