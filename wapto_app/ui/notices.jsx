import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { tr, trServer } from "./i18n.jsx";

const SEEN = "wapto.notices";
const LASTS = { success: 5000, info: 6000, warning: 10_000 };
const PATHS = {
  success: "m5 13 4 4L19 7",
  info: "M12 11v6M12 7h.01",
  warning: "M12 8v5M12 17h.01",
  error: "M12 7v6M12 17h.01",
};
const TONES = { success: "text-accent-ink", info: "text-info-ink", warning: "text-warning-ink", error: "text-danger-ink" };

let shown = [];
let seen;
const listeners = new Set();
const publish = (next) => {
  shown = next;
  listeners.forEach((listener) => listener());
};
const subscribe = (listener) => (listeners.add(listener), () => listeners.delete(listener));
const nothing = [];

// Say something from the browser itself, without the server.
export const notify = (level, text) => publish([...shown.slice(-3), { id: `b${Date.now()}${Math.random()}`, level, text }]);
const dismiss = (id) => publish(shown.filter((notice) => notice.id !== id));

// A reload brings the tab's old notices again; they must not be shown twice.
function remember(id) {
  seen.add(id);
  try {
    sessionStorage.setItem(SEEN, JSON.stringify([...seen].slice(-50)));
  } catch {
    // Without storage a reload may repeat a notice.
  }
}

function recall() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(SEEN)) ?? []);
  } catch {
    return new Set();
  }
}

// On a phone they stand below the bar that leads back or on, wherever that is just now.
function keepClear(element) {
  const bars = matchMedia("(width < 48rem)").matches ? document.querySelectorAll("[data-keep-clear]") : [];
  const bottom = Math.max(0, ...[...bars].map((bar) => bar.getBoundingClientRect().bottom));
  element.style.top = bottom > 0 ? `${bottom + 8}px` : "";
}

function Notice({ notice, onAction }) {
  const { id, level, text, action } = notice;
  const [held, setHeld] = useState(false);
  useEffect(() => {
    // An error stays until it is read.
    if (held || !LASTS[level]) return;
    const timer = setTimeout(() => dismiss(id), action ? 10_000 : LASTS[level]);
    return () => clearTimeout(timer);
  }, [held]);
  const hold = { onPointerEnter: () => setHeld(true), onPointerLeave: () => setHeld(false), onFocus: () => setHeld(true), onBlur: () => setHeld(false) };
  return (
    <li {...hold} data-level={level}
      className="pointer-events-auto flex items-start gap-3 rounded-lg bg-raised py-3 ps-3.5 pe-2 text-sm shadow-pop transition duration-200 starting:translate-y-2 starting:opacity-0">
      <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className={`flex-none ${TONES[level]}`}>
        {level === "success" ? null : <circle cx="12" cy="12" r="10" />}
        <path d={PATHS[level]} />
      </svg>
      <p className="min-w-0 flex-1 break-words text-pretty">{trServer(text)}</p>
      {action && (
        <button type="button" className="-my-1 rounded-md px-2 py-1 font-medium text-accent-ink hover:bg-hover" onClick={() => { dismiss(id); onAction?.(id); }}>
          {trServer(action)}
        </button>
      )}
      <button type="button" aria-label={tr("Dismiss")} onClick={() => dismiss(id)} className="-my-0.5 grid size-6 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink">
        <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12" /></svg>
      </button>
    </li>
  );
}

// Shows each notice of the state's list once. It sits in the top layer, so that an open dialog does not hide it.
export function Notices({ items, onAction }) {
  const current = useSyncExternalStore(subscribe, () => shown, () => nothing);
  const box = useRef(null);
  useEffect(() => {
    seen ??= recall();
    const fresh = (items ?? []).filter((notice) => !seen.has(notice.id));
    fresh.forEach((notice) => remember(notice.id));
    if (fresh.length) publish([...shown, ...fresh].slice(-4));
  }, [items]);
  useEffect(() => {
    const element = box.current;
    if (element.matches(":popover-open")) element.hidePopover();
    if (!current.length) return;
    element.showPopover();
    keepClear(element);
    const follow = setInterval(() => keepClear(element), 250);
    return () => clearInterval(follow);
  }, [current]);
  const latest = (urgent) => current.filter((notice) => (notice.level === "error") === urgent).at(-1);
  const spoken = (urgent) => { const notice = latest(urgent); return notice && trServer(notice.text); };
  return (
    <>
      <p role="status" className="sr-only">{spoken(false)}</p>
      <p role="alert" className="sr-only">{spoken(true)}</p>
      <section ref={box} popover="manual" aria-label={tr("Notices")}
        className="pointer-events-none fixed inset-auto end-4 top-15 m-0 w-[min(360px,calc(100vw-32px))] overflow-visible border-0 bg-transparent p-0 text-ink">
        <ul className="flex flex-col gap-2">{current.map((n) => <Notice key={n.id} notice={n} onAction={onAction} />)}</ul>
      </section>
    </>
  );
}
