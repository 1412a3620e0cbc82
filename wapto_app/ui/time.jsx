import { useEffect, useState } from "react";
import { locale, tr, trn } from "./i18n.jsx";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const ticking = new Set();
let timer = null;

// One clock for all times on the page; it rests when there are none.
function useNow() {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    ticking.add(setNow);
    timer ??= setInterval(() => ticking.forEach((tick) => tick(Date.now())), 10_000);
    setNow(Date.now());
    return () => {
      ticking.delete(setNow);
      if (ticking.size === 0) {
        clearInterval(timer);
        timer = null;
      }
    };
  }, []);
  return now;
}

const formats = new Map();
function format(date, options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key).format(date);
}

const clock = (date) => format(date, { hour: "2-digit", minute: "2-digit" });
const exact = (date) => format(date, { dateStyle: "full", timeStyle: "short" });
const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
const daysAgo = (date, now) => Math.round((midnight(now) - midnight(date)) / DAY);
const calendar = (date, now) => {
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return format(date, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
};

function ago(date, now) {
  const past = now - date.getTime();
  if (past < -MINUTE) return ahead(date, now);
  if (past < MINUTE) return tr("just now");
  if (past < HOUR) return trn("{n} min ago", "{n} min ago", Math.floor(past / MINUTE));
  if (past < DAY) return trn("{n} h ago", "{n} h ago", Math.floor(past / HOUR));
  return daysAgo(date, now) === 1 ? tr("yesterday") : calendar(date, now);
}

function ahead(date, now) {
  const left = date.getTime() - now;
  if (left < HOUR) return trn("in {n} min", "in {n} min", Math.ceil(left / MINUTE));
  if (left < DAY) return trn("in {n} h", "in {n} h", Math.round(left / HOUR));
  return `${calendar(date, now)}, ${clock(date)}`;
}

// As in a list of chats: the time today, then the day, then the date.
function short(date, now) {
  const days = daysAgo(date, now);
  if (days === 0) return clock(date);
  if (days === 1) return tr("Yesterday");
  return days > 1 && days < 7 ? format(date, { weekday: "short" }) : calendar(date, now);
}

function day(date, now) {
  const days = daysAgo(date, now);
  if (days === 0) return tr("Today");
  if (days === 1) return tr("Yesterday");
  if (days > 1 && days < 7) return format(date, { weekday: "long" });
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return format(date, { weekday: "short", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
}

function left(date, now) {
  const rest = date.getTime() - now;
  if (rest <= 0) return tr("over");
  if (rest < HOUR) return trn("{n} min left", "{n} min left", Math.ceil(rest / MINUTE));
  if (rest < DAY) return trn("{n} h left", "{n} h left", Math.ceil(rest / HOUR));
  return trn("{n} day left", "{n} days left", Math.ceil(rest / DAY));
}

const STYLES = {
  left,
  ago,
  short,
  day,
  clock,
  date: (date) => format(date, { dateStyle: "medium" }),
  exact: (date) => format(date, { dateStyle: "medium", timeStyle: "short" }),
};

// A moment as text, for a sentence that has it in its middle.
export const moment = (at) => STYLES.exact(new Date(at));

// `at`: ISO text with its offset, or milliseconds. Drawn in the time zone of the browser.
export function Time({ at, look, className }) {
  const now = useNow();
  const date = at || at === 0 ? new Date(at) : null;
  if (!date || Number.isNaN(date.getTime())) return null;
  return (
    <time dateTime={date.toISOString()} data-tip={look === "day" ? undefined : exact(date)} className={className}>
      {STYLES[look ?? "ago"](date, now)}
    </time>
  );
}

const DUE = { overdue: "text-danger-ink", today: "text-warning-ink", later: "text-muted" };

// When something is to be done: what is late and what is due today stands out, in words and in colour.
export function Due({ at, done, className }) {
  const now = useNow();
  const date = at ? new Date(at) : null;
  if (!date || Number.isNaN(date.getTime())) return null;
  const [days, time] = [-daysAgo(date, now), clock(date)];
  const state = done ? "later" : date.getTime() < now ? "overdue" : days === 0 ? "today" : "later";
  const near = { "-1": () => tr("Yesterday, {time}", { time }), 0: () => tr("Today, {time}", { time }), 1: () => tr("Tomorrow, {time}", { time }) }[days];
  const words = near ? near() : `${calendar(date, now)}, ${time}`;
  return (
    <time dateTime={date.toISOString()} data-due={state} data-tip={exact(date)} className={`${DUE[state]} ${state === "later" ? "" : "font-medium"} ${className ?? ""}`}>
      {state === "overdue" ? `${tr("Overdue")} · ${words}` : words}
    </time>
  );
}

// A date and time as the reader's own clock has it; the form sends it with its offset.
export function LocalDateTime({ name, value, ...rest }) {
  const own = (iso) => {
    const date = iso ? new Date(iso) : null;
    return date && !Number.isNaN(date.getTime()) ? new Date(date.getTime() - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16) : "";
  };
  const [text, setText] = useState(() => own(value));
  const date = text ? new Date(text) : null;
  return (
    <>
      <input {...rest} type="datetime-local" value={text} onChange={(e) => setText(e.target.value)} />
      <input type="hidden" name={name} value={date && !Number.isNaN(date.getTime()) ? date.toISOString() : ""} />
    </>
  );
}

// Hours and minutes left; calm, then amber in the last two hours, then what `over` says.
export function Countdown({ until, over, className }) {
  const now = useNow();
  const end = until ? new Date(until) : null;
  if (!end || Number.isNaN(end.getTime())) return null;
  const left = end.getTime() - now;
  if (left <= 0) return <span className={`text-muted ${className ?? ""}`}>{over ?? tr("closed")}</span>;
  const [hours, minutes] = [Math.floor(left / HOUR), Math.floor((left % HOUR) / MINUTE)];
  const text = `${hours}:${String(minutes).padStart(2, "0")}`;
  return (
    <time dateTime={`PT${hours}H${minutes}M`} data-tip={tr("until {time}", { time: exact(end) })}
      className={`tabular-nums ${left < 2 * HOUR ? "text-warning-ink" : "text-muted"} ${className ?? ""}`}>
      {text}
    </time>
  );
}
