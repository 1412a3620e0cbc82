import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { tr, trn } from "./i18n.jsx";

// Pixels from an end at which the next page is asked for, and within which one counts as being at the end.
const NEAR = 800;
const AT_END = 48;
const useBrowserLayoutEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

// The first row that is in sight: rows stand in their order, so half of them are ruled out by each look.
function firstInSight(rows, top) {
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}

// A stretch of a chat. It starts at the end and stays there while the reader is there; otherwise what is being read stays
// where it is, whatever comes above or below it and whichever picture is late. Heights are measured, never guessed.
export function ChatList({ items, itemKey, row: Row, className, label, jumpOn, hasOlder, hasNewer, arrived, counted, fresh, target, aims, onStartReached, onEndReached, onJump }) {
  const box = useRef(null);
  const content = useRef(null);
  const pinned = useRef(true);
  const anchor = useRef(null);
  const asked = useRef({});
  const lastSeen = useRef(null);
  const [atEnd, setAtEnd] = useState(true);
  const [below, setBelow] = useState(0);
  const firstKey = items[0]?.[itemKey];
  const lastKey = items.at(-1)?.[itemKey];

  const settle = () => {
    const view = box.current;
    if (!view) return;
    if (pinned.current) view.scrollTop = view.scrollHeight;
    else if (anchor.current?.row.isConnected) {
      const moved = anchor.current.row.getBoundingClientRect().top - view.getBoundingClientRect().top - anchor.current.top;
      if (Math.abs(moved) >= 1) view.scrollTop += moved;
    }
  };
  const ask = () => {
    const view = box.current;
    const above = view.scrollTop < NEAR;
    const under = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR;
    if (!above) asked.current.start = undefined;
    else if (hasOlder !== false && asked.current.start !== firstKey) { asked.current.start = firstKey; onStartReached?.(); }
    if (!under) asked.current.end = undefined;
    else if (hasNewer && asked.current.end !== lastKey) { asked.current.end = lastKey; onEndReached?.(); }
  };
  const look = () => {
    const view = box.current;
    const end = view.scrollHeight - view.scrollTop - view.clientHeight < AT_END;
    pinned.current = end && !hasNewer;
    setAtEnd(pinned.current);
    if (pinned.current) { lastSeen.current = lastKey; setBelow(0); }
    const top = view.getBoundingClientRect().top;
    const row = firstInSight(content.current.children, top);
    anchor.current = row ? { row, top: row.getBoundingClientRect().top - top } : null;
    ask();
  };
  const latest = useRef(look);
  useEffect(() => { latest.current = look; });

  useBrowserLayoutEffect(() => {
    settle();
    if (pinned.current && !hasNewer) lastSeen.current = lastKey;
    else {
      const seen = items.findIndex((item) => item[itemKey] === lastSeen.current);
      setBelow(seen < 0 ? 0 : items.slice(seen + 1).filter((item) => !counted || item[counted]).length);
    }
    if (box.current) ask();
  }, [items]);
  useEffect(() => {
    if (!content.current) return undefined;
    // Who comes back to much that is new begins where it begins.
    const first = fresh && content.current.children[items.findIndex((item) => item[fresh])];
    if (first && box.current.scrollHeight - first.offsetTop > box.current.clientHeight) {
      pinned.current = false;
      box.current.scrollTop = first.offsetTop - 24;
      latest.current();
    }
    const observer = new ResizeObserver(() => settle());
    observer.observe(box.current);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, [items.length > 0]);
  useEffect(() => {
    if (!jumpOn) return;
    // What was just sent stands at the end, which may not be here.
    if (hasNewer) { onJump?.(); return; }
    pinned.current = true;
    requestAnimationFrame(settle);
  }, [jumpOn]);

  // Somebody came for one row: show it in the middle, and let it shine for a moment.
  useEffect(() => {
    const row = aims && target ? content.current?.querySelector(`[data-row="${target}"]`) : null;
    if (!row) return;
    pinned.current = false;
    box.current.scrollTop += row.getBoundingClientRect().top - box.current.getBoundingClientRect().top - (box.current.clientHeight - row.offsetHeight) / 2;
    row.animate([{ backgroundColor: "var(--color-accent-soft)" }, { backgroundColor: "transparent" }], { duration: 2500, easing: "ease-in" });
    latest.current();
  }, [aims]);

  const jump = () => {
    if (hasNewer) { onJump?.(); return; }
    pinned.current = true;
    settle();
  };
  const waiting = hasNewer ? arrived ?? 0 : below;
  if (!items.length) return <div className={className} />;
  return (
    <div className={`relative ${className ?? ""}`}>
      <div ref={box} role="log" aria-label={label} tabIndex={0} onScroll={() => latest.current()} className="scroll-thin h-full overflow-y-auto -outline-offset-2 [overflow-anchor:none]">
        <div ref={content} className="flex min-h-full flex-col justify-end pb-3">
          {items.map((item) => <div key={item[itemKey]} data-row={item[itemKey]} className="flow-root"><Row item={item} /></div>)}
        </div>
      </div>
      {(!atEnd || hasNewer) && (
        <button type="button" onClick={jump} data-testid="to-latest"
          aria-label={waiting ? trn("{n} new message, jump to it", "{n} new messages, jump to them", waiting) : tr("Jump to the newest")} data-tip={tr("Jump to the newest")}
          className="absolute end-4 bottom-4 grid size-10 place-items-center rounded-full bg-raised text-muted shadow-pop hover:text-ink">
          <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d="m6 9 6 6 6-6" /></svg>
          {waiting > 0 && <span data-testid="below" aria-hidden="true" className="absolute -end-1 -top-1.5 grid h-5 min-w-5 place-items-center rounded-full bg-accent px-1 text-xs font-medium text-on-accent tabular-nums">{waiting > 99 ? "99+" : waiting}</span>}
        </button>
      )}
    </div>
  );
}
