import { useEffect, useRef, useState } from "react";
import { tr, trn } from "./i18n.jsx";

let counter = 0;
const fresh = (option) => ({ was: "", now: "", contacts: 0, removed: false, ...option, key: ++counter });

// The choices of a field: written, moved, renamed, removed. The form receives them as JSON under `name`.
export function OptionList({ ref, name, options, label, describedBy }) {
  const [rows, setRows] = useState(() => (options.length ? options.map(fresh) : [fresh(), fresh()]));
  const focus = useRef(null);
  const list = useRef(null);
  const kept = rows.filter((row) => !row.removed);

  useEffect(() => {
    if (focus.current === null) return;
    list.current.querySelector(`[data-key="${focus.current}"] input`)?.focus();
    focus.current = null;
  });
  const change = (key, values) => setRows(rows.map((row) => (row.key === key ? { ...row, ...values } : row)));
  const add = (after) => {
    const row = fresh();
    const next = [...rows];
    next.splice(after + 1, 0, row);
    focus.current = row.key;
    setRows(next);
  };
  const move = (from, step) => {
    const next = [...rows];
    next.splice(from + step, 0, ...next.splice(from, 1));
    setRows(next);
  };
  const remove = (row, i) => {
    if (row.was && row.contacts > 0) return change(row.key, { removed: true });
    focus.current = (rows[i - 1] ?? rows[i + 1])?.key ?? null;
    setRows(rows.filter((each) => each !== row));
  };
  return (
    <div role="group" aria-label={label} aria-describedby={describedBy} className="flex flex-col gap-2">
      <ul ref={list} className="flex flex-col gap-2">
        {rows.map((row, i) => (
          <li key={row.key} data-key={row.key} className="flex flex-wrap items-center gap-1">
            {row.removed ? (
              <div className="flex min-h-9 min-w-0 flex-1 items-center gap-2 rounded-md bg-danger-soft px-3 py-1 text-sm text-danger-ink">
                <span className="min-w-0 flex-1">{trn("“{name}” goes, and {n} contact loses it.", "“{name}” goes, and {n} contacts lose it.", row.contacts, { name: row.was })}</span>
                <button type="button" className="flex-none rounded font-medium underline underline-offset-2" onClick={() => change(row.key, { removed: false })}>{tr("Keep it")}</button>
              </div>
            ) : (
              <>
                <input type="text" dir="auto" maxLength={80} autoComplete="off" className="control min-w-0 flex-1" value={row.now}
                  aria-label={tr("Choice {n}", { n: i + 1 })}
                  onChange={(event) => change(row.key, { now: event.target.value })}
                  onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); add(i); } }} />
                <Small label={tr("Move up: {name}", { name: row.now })} disabled={i === 0} onClick={() => move(i, -1)} path="m6 14 6-6 6 6" />
                <Small label={tr("Move down: {name}", { name: row.now })} disabled={i === rows.length - 1} onClick={() => move(i, 1)} path="m6 10 6 6 6-6" />
                <Small label={tr("Remove: {name}", { name: row.now })} onClick={() => remove(row, i)} path="M6 6l12 12M18 6 6 18" />
              </>
            )}
          </li>
        ))}
      </ul>
      <button type="button" className="self-start rounded py-1 text-sm font-medium text-accent-ink hover:underline underline-offset-2" onClick={() => add(rows.length - 1)}>
        {tr("Add a choice")}
      </button>
      <input ref={ref} type="hidden" name={name} value={JSON.stringify(kept.map(({ was, now }) => ({ was, now })))} />
    </div>
  );
}

const Small = ({ label, path, ...rest }) => (
  <button type="button" aria-label={label} title={label} {...rest}
    className="grid size-8 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink disabled:opacity-35 pointer-coarse:size-11">
    <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d={path} /></svg>
  </button>
);
