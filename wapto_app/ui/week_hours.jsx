import { useRef, useState } from "react";
import { tr, trServer, useLocale } from "./i18n.jsx";

let counter = 0;
const keyed = (value) => ({ ...value, key: ++counter });
const PER_DAY = 4;

// The name of a weekday in the reader's language; 2024 began on a Monday.
const dayName = (locale, day) => new Intl.DateTimeFormat(locale, { weekday: "long" }).format(new Date(2024, 0, 1 + day));

// The times of a week and its holidays. The form receives them as JSON under `name`.
export function WeekHours({ ref, name, week, holidays, errors, disabled }) {
  const locale = useLocale();
  const [days, setDays] = useState(() => week.map((day) => day.map(keyed)));
  const [free, setFree] = useState(() => holidays.map(keyed));
  const newDay = useRef(null);

  const put = (day, intervals) => setDays(days.map((each, i) => (i === day ? intervals : each)));
  const change = (day, key, values) => put(day, days[day].map((each) => (each.key === key ? { ...each, ...values } : each)));
  const add = (day) => {
    const last = days[day].at(-1);
    put(day, [...days[day], keyed(last ? { start: last.end < "23:00" ? last.end : "", end: "" } : { start: "09:00", end: "17:00" })]);
  };
  const copy = (day) => setDays(days.map((each, i) => (i > day && i < (day < 5 ? 5 : 7) ? days[day].map((one) => keyed({ start: one.start, end: one.end })) : each)));
  const more = (day) => !disabled && days[day].length < PER_DAY && (
    <Small label={tr("More hours on {day}", { day: dayName(locale, day) })} onClick={() => add(day)} path="M12 5v14M5 12h14" />
  );
  const copies = (day) => !disabled && day !== 4 && day !== 6 && (
    <Small label={day < 4 ? tr("Copy to the working days after it") : tr("Copy to Sunday")} onClick={() => copy(day)} path="M8 8h12v12H8zM16 8V4H4v12h4" />
  );
  const changeFree = (key, values) => setFree(free.map((each) => (each.key === key ? { ...each, ...values } : each)));
  const addFree = () => {
    const row = keyed({ day: "", name: "" });
    newDay.current = row.key;
    setFree([...free, row]);
  };
  const value = JSON.stringify({
    week: days.map((day) => day.map(({ start, end }) => ({ start, end }))),
    holidays: free.map(({ day, name: called }) => ({ day, name: called })),
  });
  return (
    <div className="flex flex-col gap-6">
      <div className="divide-y divide-line">
        {days.map((intervals, day) => {
          const called = dayName(locale, day);
          return (
            <div key={day} className="flex flex-col gap-2 py-2.5 sm:flex-row sm:gap-4" role="group" aria-label={called}>
              <div className="flex h-9 flex-none items-center pointer-coarse:h-11 sm:w-36">
                <label className="flex flex-1 items-center gap-2.5 self-stretch text-sm font-medium capitalize">
                  <input type="checkbox" className="check" checked={intervals.length > 0} disabled={disabled}
                    onChange={(event) => (event.target.checked ? add(day) : put(day, []))} />
                  {called}
                </label>
                {/* A phone has no room for them beside the times. */}
                <span className="flex sm:hidden">{intervals.length > 0 && <>{more(day)}{copies(day)}</>}</span>
              </div>
              <div className="flex min-w-0 flex-1 flex-col gap-2">
                {intervals.length === 0 && <p className="flex h-9 items-center text-sm text-muted max-sm:hidden">{tr("Closed")}</p>}
                {intervals.map((each, i) => (
                  <div key={each.key} className="flex items-center gap-1.5">
                    <Clock value={each.start} disabled={disabled} label={tr("{day}, from", { day: called })} onChange={(start) => change(day, each.key, { start })} />
                    <span aria-hidden="true" className="text-muted">–</span>
                    <Clock value={each.end === "24:00" ? "00:00" : each.end} disabled={disabled} label={tr("{day}, until", { day: called })} onChange={(end) => change(day, each.key, { end })} />
                    {!disabled && <Small label={tr("Remove these hours of {day}", { day: called })} onClick={() => put(day, intervals.filter((one) => one !== each))} path="M6 6l12 12M18 6 6 18" />}
                    <span className="flex gap-1.5 max-sm:hidden">
                      {i === intervals.length - 1 && more(day)}
                      {i === 0 && copies(day)}
                    </span>
                  </div>
                ))}
                <Problem text={errors[`day.${day}`]} />
              </div>
            </div>
          );
        })}
      </div>
      <div className="flex flex-col gap-2" role="group" aria-label={tr("Holidays")}>
        <h3 className="text-sm font-medium">{tr("Holidays")}</h3>
        <p className="text-xs text-muted">{tr("Closed all day, whatever the weekday says.")}</p>
        {free.map((each) => (
          <div key={each.key} className="flex flex-wrap items-center gap-1.5">
            <input type="date" className="control w-40 flex-none" value={each.day} disabled={disabled} aria-label={tr("Date of the holiday")}
              autoFocus={newDay.current === each.key} onChange={(event) => changeFree(each.key, { day: event.target.value })} />
            <input type="text" dir="auto" maxLength={60} className="control min-w-0 flex-1 basis-32 max-sm:order-last max-sm:basis-full" value={each.name} disabled={disabled} placeholder={tr("Name, such as New Year")}
              aria-label={tr("Name of the holiday")} onChange={(event) => changeFree(each.key, { name: event.target.value })} />
            {!disabled && <Small label={tr("Remove this holiday")} onClick={() => setFree(free.filter((one) => one !== each))} path="M6 6l12 12M18 6 6 18" />}
          </div>
        ))}
        <Problem text={errors.holidays} />
        {!disabled && (
          <button type="button" onClick={addFree} className="self-start rounded py-1 text-sm font-medium text-accent-ink hover:underline underline-offset-2">{tr("Add a holiday")}</button>
        )}
      </div>
      <input ref={ref} type="hidden" name={name} value={value} />
    </div>
  );
}

const Clock = ({ value, label, disabled, onChange }) => (
  <input type="time" className="control w-28 flex-none tabular-nums [&::-webkit-calendar-picker-indicator]:hidden" value={value} aria-label={label} disabled={disabled} onChange={(event) => onChange(event.target.value)} />
);

const Problem = ({ text }) => <p role="alert" className={text ? "text-xs text-danger-ink" : "hidden"}>{text ? trServer(text) : ""}</p>;

const Small = ({ label, path, ...rest }) => (
  <button type="button" aria-label={label} data-tip={label} {...rest}
    className="grid size-8 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink pointer-coarse:size-11">
    <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d={path} /></svg>
  </button>
);
