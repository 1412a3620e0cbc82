import { useEffect, useRef, useState } from "react";
import { tr, trn } from "./i18n.jsx";

const REST = 300;
const STEPS = [1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1000];

// How long so many messages take, as people say it.
function lasting(people, rate) {
  const seconds = people / rate;
  if (seconds < 60) return tr("less than a minute");
  if (seconds < 5400) return trn("about {n} minute", "about {n} minutes", Math.max(1, Math.round(seconds / 60)));
  if (seconds < 172800) return trn("about {n} hour", "about {n} hours", Math.max(1, Math.round(seconds / 3600)));
  return trn("about {n} day", "about {n} days", Math.round(seconds / 86400));
}

// How fast it goes out: coarse steps up to what the number may, and what that means in time. 0 is "as fast as it may".
export function RateSlider({ value, most, people, label, onChange, className }) {
  const steps = [...STEPS.filter((step) => step < most), most];
  const place = (rate) => (rate > 0 ? Math.max(0, steps.findLastIndex((step) => step <= rate)) : steps.length - 1);
  const [at, setAt] = useState(place(value));
  const timer = useRef(null);
  useEffect(() => setAt(place(value)), [value, most]);
  // Who goes on at once has moved it all the same.
  const waiting = useRef(null);
  const tell = () => { clearTimeout(timer.current); waiting.current?.(); waiting.current = null; };
  useEffect(() => tell, []);
  const rate = steps[at];
  const said = at === steps.length - 1 ? tr("As fast as the number may: {n} a second", { n: rate }) : trn("{n} message a second", "{n} messages a second", rate);
  const moved = (event) => {
    const next = Number(event.target.value);
    setAt(next);
    waiting.current = () => onChange(next === steps.length - 1 ? 0 : steps[next]);
    clearTimeout(timer.current);
    timer.current = setTimeout(tell, REST);
  };
  return (
    <div className={className}>
      <input type="range" min="0" max={steps.length - 1} step="1" value={at} onChange={moved} aria-label={label} aria-valuetext={said} className="h-6 w-full accent-accent" />
      <p className="mt-1 flex flex-wrap justify-between gap-x-4 text-sm" role="status">
        <span className="font-medium">{said}</span>
        {people > 0 && <span className="text-muted">{trn("{n} message takes {time}", "{n} messages take {time}", people, { time: lasting(people, rate) })}</span>}
      </p>
    </div>
  );
}
