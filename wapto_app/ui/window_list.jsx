import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { tr } from "./i18n.jsx";

// Pixels from an end at which the next rows are asked for.
const NEAR = 600;
const useBrowserLayoutEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

// A stretch of a long list. At the top it shows what is new; scrolled down, what is being read stays where it is, whatever
// comes, moves or goes above it. Rows can be marked: with the box that stands over the first 40 pixels of each, a range with
// Shift, or with X on the row that has the focus.
export function WindowList({ items, itemKey, row: Row, className, label, hasAbove, hasBelow, picking, picked, onStartReached, onEndReached, onPick }) {
  const box = useRef(null);
  const anchor = useRef(null);
  const asked = useRef({});
  const last = useRef(null);
  const marked = useMemo(() => new Set(picked), [picked]);
  const keys = items.map((item) => item[itemKey]);

  const ask = () => {
    const view = box.current;
    if (view.scrollTop >= NEAR) asked.current.start = undefined;
    else if (hasAbove && asked.current.start !== keys[0]) { asked.current.start = keys[0]; onStartReached?.(); }
    if (view.scrollHeight - view.scrollTop - view.clientHeight >= NEAR) asked.current.end = undefined;
    else if (hasBelow && asked.current.end !== keys.at(-1)) { asked.current.end = keys.at(-1); onEndReached?.(); }
  };
  const look = () => {
    const top = box.current.getBoundingClientRect().top;
    const row = [...box.current.firstChild.children].find((each) => each.getBoundingClientRect().bottom > top);
    anchor.current = row && (box.current.scrollTop > 0 || hasAbove) ? { key: row.dataset.row, top: row.getBoundingClientRect().top - top } : null;
    ask();
  };
  useBrowserLayoutEffect(() => {
    const row = anchor.current && box.current.querySelector(`[data-row="${anchor.current.key}"]`);
    if (row) {
      const moved = row.getBoundingClientRect().top - box.current.getBoundingClientRect().top - anchor.current.top;
      if (Math.abs(moved) >= 1) box.current.scrollTop += moved;
    }
    ask();
  }, [items]);

  const pick = (key, range) => {
    const on = !marked.has(key);
    const [from, to] = [keys.indexOf(last.current), keys.indexOf(key)];
    const some = range && from >= 0 ? keys.slice(Math.min(from, to), Math.max(from, to) + 1) : [key];
    last.current = key;
    onPick?.(some, on);
  };
  const onKeyDown = (event) => {
    const row = event.target.closest("[data-row]");
    if (!onPick || !row || event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    pick(keys.find((key) => String(key) === row.dataset.row), event.shiftKey);
  };
  return (
    <div ref={box} onScroll={look} onKeyDown={onKeyDown} className={`scroll-thin overflow-y-auto [overflow-anchor:none] ${className ?? ""}`}>
      <ul aria-label={label}>
        {items.map((item) => {
          const key = item[itemKey];
          const on = marked.has(key);
          return (
            <li key={key} data-row={key} data-picked={on} className="group/row relative border-b last:border-0 data-[picked=true]:bg-accent-soft">
              <Row item={item} />
              {onPick && (
                <label className={`absolute start-0 top-0 h-16 w-18 cursor-pointer place-items-center ${picking ? "grid" : "hidden pointer-fine:group-hover/row:grid has-focus-visible:grid"}`}
                  onClick={(event) => { event.preventDefault(); pick(key, event.shiftKey); }}>
                  <span className="grid size-10 place-items-center rounded-full bg-surface shadow-[0_0_0_1px_var(--color-line)]">
                    <input type="checkbox" readOnly tabIndex={picking ? 0 : -1} checked={on} aria-label={tr("Select {name}", { name: item.name ?? "" })}
                      onKeyDown={(event) => { if (event.key === " ") { event.preventDefault(); pick(key, event.shiftKey); } }} className="check size-4" />
                  </span>
                </label>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
