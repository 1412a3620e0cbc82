import { Fragment } from "react";
import { Time } from "./time.jsx";

// WhatsApp's own formatting, to elements and never to HTML: *bold*, _italic_, ~strike~, `code`, ```block```, links.
const INLINE = [
  [/```([\s\S]+?)```/, (text, key) => <code key={key} className="block rounded bg-hover px-1.5 py-1 font-mono text-xs whitespace-pre-wrap">{text}</code>, false],
  [/`([^`\n]+)`/, (text, key) => <code key={key} className="rounded bg-hover px-1 font-mono text-[0.9em]">{text}</code>, false],
  [/(?<![\w*])\*(?=\S)([^*\n]*\S)\*(?![\w*])/, (text, key) => <strong key={key}>{text}</strong>, true],
  [/(?<![\w_])_(?=\S)([^_\n]*\S)_(?![\w_])/, (text, key) => <em key={key}>{text}</em>, true],
  [/(?<![\w~])~(?=\S)([^~\n]*\S)~(?![\w~])/, (text, key) => <s key={key}>{text}</s>, true],
  [/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'])/, (text, key) => <a key={key} href={text} target="_blank" rel="noreferrer noopener nofollow" className="break-all underline underline-offset-2">{text}</a>, false],
];

function earliest(text) {
  let best = null;
  for (const [pattern, element, nests] of INLINE) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { match, element, nests };
  }
  return best;
}

function nodes(text) {
  const parts = [];
  for (let rest = text, n = 0; rest; n += 1) {
    const found = earliest(rest);
    if (!found) return [...parts, rest];
    const { match, element, nests } = found;
    if (match.index) parts.push(rest.slice(0, match.index));
    parts.push(element(nests ? nodes(match[1]) : match[1], n));
    rest = rest.slice(match.index + match[0].length);
  }
  return parts;
}

export function MessageText({ text, className }) {
  return <span dir="auto" className={`whitespace-pre-wrap break-words [overflow-wrap:anywhere] ${className ?? ""}`}>{nodes(text ?? "").map((part, i) => <Fragment key={i}>{part}</Fragment>)}</span>;
}

// A note of the team: the names of who is mentioned stand out.
export function NoteText({ text, mentions }) {
  const names = (mentions ?? []).map(({ name }) => `@${name}`).sort((a, b) => b.length - a.length);
  const parts = [];
  let rest = text ?? "";
  while (rest) {
    const hits = names.map((name) => [rest.indexOf(name), name]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0]);
    if (!hits.length) break;
    const [at, name] = hits[0];
    parts.push(<MessageText key={parts.length} text={rest.slice(0, at)} />, <strong key={parts.length + 1} className="font-medium text-accent-ink">{name}</strong>);
    rest = rest.slice(at + name.length);
  }
  return <p dir="auto" className="py-0.5">{parts}<MessageText text={rest} /></p>;
}

// A line between two days, in the reader's own time zone.
export function DaySeparator({ at, before }) {
  if (before && new Date(before).toDateString() === new Date(at).toDateString()) return null;
  return (
    <div className="flex justify-center py-3" role="separator">
      <Time at={at} look="day" className="rounded-full bg-surface px-3 py-1 text-xs text-muted shadow-card" />
    </div>
  );
}
