import { useEffect, useRef, useState } from "react";
import { tr } from "./i18n.jsx";

// A list whose rows are put in order by their handles ([data-handle] inside each row): dragged, or moved with the arrow
// keys. The new order is drawn at once and sent when the gesture ends.
export function Sortable({ items, row: Row, name, label, onMove, className }) {
  const [order, setOrder] = useState(null);
  const [said, setSaid] = useState("");
  const list = useRef(null);
  const focus = useRef(null);
  const drag = useRef(null);
  const ids = items.map((item) => item.id);
  const of = Object.fromEntries(items.map((item) => [item.id, item]));
  const shown = order && order.length === ids.length && order.every((id) => ids.includes(id)) ? order : ids;

  useEffect(() => setOrder(null), [JSON.stringify(ids)]);
  useEffect(() => {
    if (focus.current === null) return;
    list.current.querySelector(`[data-row="${focus.current}"] [data-handle]`)?.focus();
    focus.current = null;
  });

  const move = (from, to) => {
    if (to < 0 || to >= shown.length || from === to) return;
    const next = [...shown];
    next.splice(to, 0, ...next.splice(from, 1));
    setOrder(next);
    setSaid(tr("{name}: place {n} of {total}", { name: of[next[to]][name], n: to + 1, total: next.length }));
    onMove(next[to], to);
  };
  const rowOf = (event) => event.target.closest?.("[data-handle]")?.closest("[data-row]");
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = rowOf(event);
    if (!step || !row) return;
    event.preventDefault();
    const from = [...list.current.children].indexOf(row);
    focus.current = row.dataset.row;
    move(from, from + step);
  };

  const start = (event) => {
    const row = rowOf(event);
    if (!row || event.button !== 0) return;
    event.preventDefault();
    row.querySelector("[data-handle]").focus();
    list.current.setPointerCapture(event.pointerId);
    const elements = [...list.current.children];
    drag.current = { y: event.clientY, from: elements.indexOf(row), to: elements.indexOf(row), elements, boxes: elements.map((each) => each.getBoundingClientRect()) };
    row.style.zIndex = 1;
    row.classList.add("shadow-pop");
  };
  const follow = (event) => {
    const now = drag.current;
    if (!now) return;
    const by = event.clientY - now.y;
    const own = now.boxes[now.from];
    const middle = own.top + own.height / 2 + by;
    now.to = now.boxes.filter((box, i) => i !== now.from && box.top + box.height / 2 < middle).length;
    now.elements.forEach((element, i) => {
      const away = i > now.from && i <= now.to ? -own.height : i < now.from && i >= now.to ? own.height : 0;
      element.style.transform = i === now.from ? `translateY(${by}px)` : away ? `translateY(${away}px)` : "";
    });
  };
  const end = (event) => {
    const now = drag.current;
    if (!now) return;
    drag.current = null;
    now.elements.forEach((element) => { element.style.transform = ""; element.style.zIndex = ""; element.classList.remove("shadow-pop"); });
    if (event.type === "pointerup") move(now.from, now.to);
  };

  return (
    <>
      <ul ref={list} aria-label={label} className={className} onKeyDown={keys} onPointerDown={start} onPointerMove={follow} onPointerUp={end} onPointerCancel={end}>
        {shown.map((id) => (
          <li key={id} data-row={id} className="relative bg-surface"><Row item={of[id]} /></li>
        ))}
      </ul>
      <div role="status" className="sr-only">{said}</div>
    </>
  );
}
