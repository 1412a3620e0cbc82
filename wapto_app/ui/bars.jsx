import { locale } from "./i18n.jsx";

const DATE = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\dT/;
const DAY = { day: "numeric", month: "short" };

// A day of the account's calendar, whatever the zone of the browser; a moment on the browser's own clock.
function words(label) {
  if (DATE.test(label)) return new Intl.DateTimeFormat(locale(), { ...DAY, timeZone: "UTC" }).format(new Date(`${label}T00:00Z`));
  if (MOMENT.test(label)) return new Intl.DateTimeFormat(locale(), { ...DAY, hour: "2-digit", minute: "2-digit" }).format(new Date(label));
  return label;
}

// Groups of bars, one for each row; `series` is [{ key, label, look }]. The numbers are read aloud and shown on hover.
export function Bars({ rows, series, label, className }) {
  const tallest = Math.max(1, ...rows.flatMap((row) => series.map(({ key }) => row[key])));
  const said = (row) => series.map(({ key, label: name }) => `${name} ${row[key].toLocaleString(locale())}`).join(" · ");
  return (
    <figure className={className}>
      <div className="flex">
        <span aria-hidden="true" className="w-10 flex-none pe-2 text-end text-xs text-faint tabular-nums">
          {tallest.toLocaleString(locale())}
        </span>
        <ul aria-label={label} className="flex h-32 min-w-0 flex-1 items-end gap-0.5 border-t border-b border-line border-t-line/60">
          {rows.map((row) => (
            <li key={row.label} data-tip={`${words(row.label)}: ${said(row)}`}
              className="flex h-full min-w-0 flex-1 items-end justify-center gap-px hover:bg-hover">
              <span className="sr-only">{`${words(row.label)}: ${said(row)}`}</span>
              {series.map(({ key, look }) => (
                <span key={key} aria-hidden="true" className={`block max-w-5 min-w-0 flex-1 rounded-t-xs ${look}`}
                  style={{ height: row[key] ? `max(2px, ${(row[key] / tallest) * 100}%)` : 0 }} />
              ))}
            </li>
          ))}
        </ul>
      </div>
      {rows.length > 1 && (
        <div aria-hidden="true" className="mt-1 flex justify-between ps-10 text-xs text-faint tabular-nums">
          <span>{words(rows[0].label)}</span>
          <span>{words(rows.at(-1).label)}</span>
        </div>
      )}
      <figcaption className="mt-3 flex flex-wrap gap-x-4 gap-y-1 ps-10 text-xs text-muted">
        {series.map(({ key, label: name, look }) => (
          <span key={key} className="flex items-center gap-1.5">
            <span aria-hidden="true" className={`size-2.5 rounded-sm ${look}`} />
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
