import { useEffect, useId, useMemo, useRef, useState } from "react";
import { tr } from "./i18n.jsx";

const SHOWN = 60;
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_/,-]+/g, " ");

// One of many values, found by typing (WAI-ARIA combobox with a listbox). The form receives the value, the reader sees
// the label; whatever was typed without choosing is dropped.
export function Combobox({ ref, id, name, value, options, className, onChange, ...rest }) {
  const [chosen, setChosen] = useState(value ?? "");
  const [query, setQuery] = useState(null);
  const [active, setActive] = useState(0);
  const list = useRef(null);
  const listId = useId();
  const open = query !== null;
  const label = options.find((option) => option.value === chosen)?.label ?? chosen;

  useEffect(() => setChosen(value ?? ""), [value]);
  const searchable = useMemo(() => options.map((option) => [plain(`${option.label} ${option.value}`), option]), [options]);
  const found = useMemo(() => {
    const words = plain(query ?? "").split(" ").filter(Boolean);
    return searchable.filter(([text]) => words.every((word) => text.includes(word))).slice(0, SHOWN).map(([, option]) => option);
  }, [query, searchable]);
  useEffect(() => {
    if (open) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [open, active]);

  const search = (text) => {
    setQuery(text);
    setActive(text === "" ? Math.max(0, options.slice(0, SHOWN).findIndex((option) => option.value === chosen)) : 0);
  };
  const choose = (option) => {
    setQuery(null);
    if (!option || option.value === chosen) return;
    setChosen(option.value);
    onChange?.(option.value);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (open) setActive((active + step + found.length) % Math.max(1, found.length));
      else search("");
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      setQuery(null);
    }
  };
  return (
    <div className="relative">
      <input {...rest} id={id} type="text" role="combobox" aria-expanded={open} aria-controls={listId} aria-autocomplete="list"
        aria-activedescendant={open && found[active] ? `${listId}-${active}` : undefined} autoComplete="off" spellCheck={false}
        className={`${className} pe-9`} value={query ?? label} placeholder={label || rest.placeholder}
        onFocus={(event) => event.target.select()} onClick={() => open || search("")} onBlur={() => setQuery(null)}
        onChange={(event) => search(event.target.value)} onKeyDown={keys} />
      <input ref={ref} type="hidden" name={name} value={chosen} />
      <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"
        className="pointer-events-none absolute end-3 top-1/2 -translate-y-1/2 text-muted"><path d="m6 9 6 6 6-6" /></svg>
      {open && (
        <ul ref={list} id={listId} role="listbox" aria-label={rest["aria-label"] ?? tr("Suggestions")}
          className="scroll-thin absolute inset-x-0 top-full z-20 mt-1 max-h-64 overflow-y-auto rounded-lg bg-raised p-1 shadow-pop">
          {found.map((option, i) => (
            <li key={option.value} id={`${listId}-${i}`} role="option" aria-selected={option.value === chosen}
              onPointerDown={(event) => event.preventDefault()} onClick={() => choose(option)} onPointerMove={() => setActive(i)}
              className={`flex min-h-8 cursor-default items-center gap-2 rounded-md px-2 py-1 text-sm pointer-coarse:min-h-11 ${i === active ? "bg-hover" : ""}`}>
              <span className="flex-1 truncate">{option.label}</span>
              {option.value === chosen && (
                <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className="flex-none text-accent-ink"><path d="m5 13 4 4L19 7" /></svg>
              )}
            </li>
          ))}
          {found.length === 0 && <li className="px-2 py-1.5 text-sm text-muted">{tr("Nothing found.")}</li>}
        </ul>
      )}
    </div>
  );
}
