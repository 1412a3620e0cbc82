import { useEffect, useId, useRef, useState } from "react";
import { tr } from "./i18n.jsx";
import { notify } from "./notices.jsx";

// An input whose text lives in the browser and reaches the server when typing rests. Text that the server did not get
// from here (a reset, a correction) replaces it.
export function LiveText({ control, value, wait, onChange, onBlur, ...rest }) {
  const Tag = control ?? "input";
  const [text, setText] = useState(value ?? "");
  const sent = useRef(value ?? "");
  const timer = useRef(null);

  useEffect(() => {
    if ((value ?? "") === sent.current) return;
    sent.current = value ?? "";
    setText(sent.current);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const send = (next) => {
    clearTimeout(timer.current);
    timer.current = null;
    if (next === sent.current) return;
    sent.current = next;
    onChange?.(next);
  };
  return (
    <Tag {...rest} value={text}
      onChange={(e) => {
        const next = e.target.value;
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => send(next), wait ?? 250);
      }}
      onBlur={(e) => { if (timer.current) send(e.target.value); onBlur?.(e); }}
    />
  );
}

export function PasswordInput({ className, ...rest }) {
  const [visible, setVisible] = useState(false);
  return (
    <div className="relative">
      <input {...rest} type={visible ? "text" : "password"} className={`${className} pe-11`} autoCapitalize="none" spellCheck={false} />
      <button type="button" aria-pressed={visible} aria-label={tr("Show password")} data-tip={visible ? tr("Hide password") : tr("Show password")}
        onClick={() => setVisible(!visible)}
        className="absolute inset-y-0 end-0 grid w-10 place-items-center rounded-md text-muted -outline-offset-2 hover:text-ink">
        <svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
          <path d="M2.1 12.3a1 1 0 0 1 0-.6 10.8 10.8 0 0 1 19.8 0 1 1 0 0 1 0 .6 10.8 10.8 0 0 1-19.8 0" />
          <circle cx="12" cy="12" r="3" />
          {visible && <path d="m3 3 18 18" />}
        </svg>
      </button>
    </div>
  );
}

// Ties a message to its control: marks the control invalid and, when the message is new, brings the reader there.
export function FieldError({ control, id, text }) {
  useEffect(() => {
    const element = document.getElementById(control);
    if (!element) return;
    if (!text) {
      element.removeAttribute("aria-invalid");
      return;
    }
    element.setAttribute("aria-invalid", "true");
    if (document.querySelector('[aria-invalid="true"]') === element) element.focus();
  }, [control, text]);
  return (
    <p id={id} role="alert" className={text ? "text-xs text-danger-ink" : "hidden"}>{text}</p>
  );
}

// A checkbox answers at once; where the state rules it and does not follow, it goes back. `some` draws it half checked,
// as the one above a list of which some rows are chosen.
export function Check({ some, checked, onChange, ...rest }) {
  const box = useRef(null);
  const [own, setOwn] = useState(checked);
  const ruled = useRef(checked);
  const timer = useRef(null);
  useEffect(() => { box.current.indeterminate = Boolean(some); }, [some]);
  useEffect(() => {
    ruled.current = checked;
    setOwn(checked);
  }, [checked]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (event) => {
    setOwn(event.target.checked);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOwn(ruled.current), 2000);
    onChange?.(event);
  };
  const control = checked === undefined ? { onChange } : { checked: own ?? false, onChange: change };
  return <input {...rest} {...control} ref={box} type="checkbox" />;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http has no clipboard API; the old way still works there.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton({ text, label, className, children }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const press = async () => {
    if (await copy(text)) setDone(true);
    else notify("warning", tr("Your browser did not allow copying. Select the text and copy it by hand."));
  };
  const name = done ? tr("Copied") : (label ?? tr("Copy"));
  return (
    <button type="button" onClick={press} className={className} aria-label={children ? undefined : name} data-tip={children ? undefined : name}>
      <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className={done ? "text-accent-ink" : ""}>
        {done ? <path d="m5 13 4 4L19 7" /> : <><rect x="8" y="8" width="14" height="14" rx="2" /><path d="M4 16a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2" /></>}
      </svg>
      {children && (done ? tr("Copied") : children)}
      <span role="status" className="sr-only">{done ? tr("Copied") : ""}</span>
    </button>
  );
}

const HUES = 8;
const hash = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) >>> 0, 7);
const initials = (name) => {
  const words = name.replace(/[^\p{L}\p{N}\s]/gu, " ").trim().split(/\s+/).filter((word) => /\p{L}/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0]).join("").toUpperCase();
};

// Initials on a colour that stays with the name. A number without a name gets a figure.
export function Avatar({ name, image, size, className }) {
  const text = initials(name ?? "");
  const px = size ?? 32;
  return (
    <span aria-hidden="true" data-hue={name ? hash(name) % HUES : undefined} className={`avatar ${className ?? ""}`}
      style={{ width: px, height: px, fontSize: Math.round(px * (text.length > 1 ? 0.38 : 0.44)) }}>
      {image ? <img src={image} alt="" className="size-full rounded-full object-cover" />
        : text || (
          <svg width={px * 0.58} height={px * 0.58} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round"><path d="M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2" /><circle cx="12" cy="7" r="4" /></svg>
        )}
    </span>
  );
}

// Arrow keys, Home and End move along the tabs and choose at once; only the chosen panel exists.
export function Tabs({ tabs, value, initial, label, onChange, children }) {
  const [own, setOwn] = useState(initial ?? tabs[0]?.id);
  const list = useRef(null);
  const chosen = value ?? own;
  const panels = Array.isArray(children) ? children : [children];
  const choose = (id) => {
    setOwn(id);
    if (id !== chosen) onChange?.(id);
  };
  const keys = (event) => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
    const to = { ArrowRight: at + rtl, ArrowLeft: at - rtl, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    choose(next.id);
    list.current.querySelector(`[data-tab="${CSS.escape(next.id)}"]`)?.focus();
  };
  const name = useId();
  return (
    <div>
      <div ref={list} role="tablist" aria-label={label} onKeyDown={keys} className="scroll-thin flex gap-1 overflow-x-auto shadow-[inset_0_-1px_0_var(--color-line)]">
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" id={`${name}-${tab.id}`} data-tab={tab.id} aria-selected={tab.id === chosen}
            aria-controls={tab.id === chosen ? `${name}-${tab.id}-panel` : undefined} tabIndex={tab.id === chosen ? 0 : -1} onClick={() => choose(tab.id)}
            className="flex h-10 flex-none items-center gap-2 border-b-2 border-transparent px-3 text-sm font-medium text-muted -outline-offset-2 hover:text-ink aria-selected:border-accent aria-selected:text-ink">
            {tab.label}
            {tab.count > 0 && <span className="rounded-full bg-hover px-1.5 text-xs text-muted tabular-nums">{tab.count.toLocaleString()}</span>}
          </button>
        ))}
      </div>
      {tabs.map((tab, i) => tab.id === chosen && panels[i] && (
        <div key={tab.id} role="tabpanel" id={`${name}-${tab.id}-panel`} aria-labelledby={`${name}-${tab.id}`} tabIndex={0} className="pt-4 outline-offset-4">
          {panels[i]}
        </div>
      ))}
    </div>
  );
}
