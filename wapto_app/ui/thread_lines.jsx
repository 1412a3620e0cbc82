import { lazy, Suspense } from "react";
import { tr } from "./i18n.jsx";
import { moment, Time } from "./time.jsx";

const Rich = lazy(() => import("./rich_message.jsx"));

function assigned({ by, agent, is_own: isOwn, team, from }) {
  const who = { by, agent, team, from };
  if (isOwn && agent) return from ? tr("{agent} took it over from {from}", who) : tr("{agent} took it", who);
  if (agent && by) return from ? tr("{by} moved it from {from} to {agent}", who) : tr("{by} gave it to {agent}", who);
  if (agent) return team ? tr("Given to {agent} by the rule of the team {team}", who) : tr("Given to {agent}", who);
  if (by) return from ? tr("{by} moved it from {from} to the team {team}", who) : tr("{by} gave it to the team {team}", who);
  return tr("Given to the team {team}", who);
}

function unassigned({ by, agent, is_own: isOwn }) {
  if (isOwn) return tr("{by} put it back", { by });
  return by ? tr("{by} took it from {agent}", { by, agent }) : tr("{agent} has it no longer", { agent });
}

const either = (named, plain) => (said) => (said.by ? named(said) : plain(said));
const SENTENCES = {
  assigned,
  unassigned,
  resolved: either((said) => tr("{by} resolved it", said), () => tr("Resolved")),
  reopened: either((said) => tr("{by} opened it again", said), () => tr("Opened again: the customer wrote")),
  pending: either((said) => tr("{by} set it to pending", said), () => tr("Set to pending")),
  snoozed: ({ by, until }) => {
    const time = until ? moment(until) : "";
    if (by) return time ? tr("{by} snoozed it until {time}", { by, time }) : tr("{by} snoozed it", { by });
    return time ? tr("Snoozed until {time}", { time }) : tr("Snoozed");
  },
  woken: either((said) => tr("{by} ended the snooze", said), () => tr("Back from the snooze")),
  window_missed: () => tr("The 24-hour window closed without an answer"),
  opted_out: either((said) => tr("{by} noted: the customer wants no messages", said), ({ detail }) => (detail ? tr("The customer wrote “{detail}” and gets no more messages", { detail }) : tr("The customer wants no more messages"))),
  opted_in: either((said) => tr("{by} noted: the customer wants messages again", said), ({ detail }) => (detail ? tr("The customer wrote “{detail}” and gets messages again", { detail }) : tr("The customer wants messages again"))),
  blocked: either((said) => tr("{by} blocked the contact", said), () => tr("The contact was blocked")),
  unblocked: either((said) => tr("{by} unblocked the contact", said), () => tr("The contact was unblocked")),
  merged: either((said) => tr("{by} merged it with {detail}", said), () => tr("Merged with another contact")),
};

// What happened, in the reader's language; the one place where an event of the thread becomes a sentence.
export function EventLine({ kind, said, at }) {
  return (
    <p data-testid="event" data-kind={kind} className="py-1 text-center text-xs text-muted text-pretty">
      <bdi>{SENTENCES[kind]?.(said) ?? kind}</bdi>
      {" · "}<Time at={at} look="clock" />
    </p>
  );
}

// Where the unread messages begin.
export function FreshLine() {
  return (
    <div role="separator" data-testid="fresh" className="flex items-center gap-3 py-2 text-xs font-medium text-accent-ink">
      <span className="h-px flex-1 bg-accent/40" />{tr("New messages")}<span className="h-px flex-1 bg-accent/40" />
    </div>
  );
}

// Buttons, lists, orders, answers to a form, templates: drawn by a part that comes with the first of them.
export function RichMessage({ kind, body, content }) {
  return <Suspense fallback={<p className="whitespace-pre-wrap">{body}</p>}><Rich kind={kind} body={body} content={content} /></Suspense>;
}
