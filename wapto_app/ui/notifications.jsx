import { useEffect, useState } from "react";
import { tr, trn, trServer } from "./i18n.jsx";
import { ring } from "./alerts.jsx";
import { notify } from "./notices.jsx";

const COUNTED = {
  messages: () => tr("messages of this month"),
  seats: () => tr("seats"),
  contacts: () => tr("contacts"),
  campaigns: () => tr("campaigns of this month"),
  flows: () => tr("automations"),
  forms: () => tr("forms"),
  templates: () => tr("templates"),
  fields: () => tr("custom fields"),
  tags: () => tr("tags"),
  widgets: () => tr("widgets"),
  links: () => tr("links"),
  media_mb: () => tr("megabytes of media"),
};

function assigned({ by, customer }) {
  if (by) return customer ? tr("{by} gave you the conversation with {customer}", { by, customer }) : tr("{by} gave you a conversation", { by });
  return customer ? tr("The conversation with {customer} is yours now", { customer }) : tr("A conversation is yours now");
}

function limit({ percent, what }) {
  const things = COUNTED[what]?.() ?? what;
  return Number(percent) >= 100 ? tr("Your plan's limit is reached: {things}", { things }) : tr("{percent} % of your plan is used: {things}", { percent, things });
}

function mentioned({ by, customer }) {
  return customer ? tr("{by} mentioned you in the conversation with {customer}", { by, customer }) : tr("{by} mentioned you in a note", { by });
}

function scheduledFailed({ customer, what }) {
  const why = what ? ` ${trServer(what)}` : "";
  return (customer ? tr("Your scheduled message to {customer} was not sent.", { customer }) : tr("A scheduled message of yours was not sent.")) + why;
}

// `what` says why it could not go on; the counts are of what was done until then.
function importEnded({ title, what, created, updated, wrong }) {
  const counts = tr("{created} new, {updated} changed, {wrong} not taken.", { created, updated, wrong });
  return what ? `${tr("The import of {title} has stopped.", { title })} ${trServer(what)} ${counts}` : `${tr("{title} is imported.", { title })} ${counts}`;
}

// `what` is the kind of the event and Meta's word for what is now, in small letters.
const TEMPLATE_NEWS = {
  "status.approved": (args) => tr("WhatsApp approved the template {name}. You can send it now.", args),
  "status.rejected": (args) => tr("WhatsApp rejected the template {name}.", args),
  "status.paused": (args) => tr("WhatsApp paused the template {name}: too many customers blocked it.", args),
  "status.disabled": (args) => tr("WhatsApp disabled the template {name} for good.", args),
  "status.flagged": (args) => tr("WhatsApp warns of the template {name}: its quality is low.", args),
  "status.archived": (args) => tr("WhatsApp archived the template {name}, which nobody used.", args),
  "quality.red": (args) => tr("The quality of the template {name} is low now.", args),
  "quality.yellow": (args) => tr("The quality of the template {name} is medium now.", args),
  "category.marketing": (args) => tr("WhatsApp takes the template {name} for marketing.", args),
  "category.utility": (args) => tr("WhatsApp takes the template {name} for a utility message.", args),
};

function templateNews({ name, what, why }) {
  const said = TEMPLATE_NEWS[what]?.({ name }) ?? tr("Something changed about the template {name}.", { name });
  return why ? `${said} ${trServer(why)}` : said;
}

const SENTENCES = {
  template_news: templateNews,
  assigned,
  mentioned,
  scheduled_failed: scheduledFailed,
  import_ended: importEnded,
  campaign_started: (args) => tr("The campaign {title} has started", args),
  campaign_finished: (args) => tr("The campaign {title} is finished", args),
  campaign_stopped: (args) => tr("{title} stands still: {what}", args),
  campaign_asks: (args) => tr("{title} should have gone out while Wapto was off: send it now?", args),
  task_assigned: (args) => tr("{by} gave you a task: {title}", args),
  task_due: (args) => tr("Due now: {title}", args),
  limit_warning: limit,
  trial_ending: ({ days }) => trn("Your trial ends in {n} day", "Your trial ends in {n} days", Number(days) || 0),
  trial_ended: () => tr("Your trial has ended. Choose a plan to go on."),
  payment_failed: () => tr("A payment failed. Check how you pay."),
  plan_changed: ({ plan }) => tr("Your plan is now {plan}", { plan }),
  review_received: (args) => tr("{by} reviewed one of your conversations", args),
  number_problem: (args) => tr("{name} must be reconnected: WhatsApp refused its access token", args),
  inbound_message: ({ customer }) => tr("New message from {customer}", { customer }),
};

// The one place where a notification becomes a sentence, in the reader's language.
export const sentence = (kind, args, customer) => SENTENCES[kind]?.({ ...args, customer }) ?? tr("Something happened in your workspace");

export const NotificationText = ({ kind, args, customer }) => sentence(kind, args, customer);

const supported = () => typeof window !== "undefined" && "Notification" in window;

// The browser asks for its permission only here, on a click.
export function DesktopSwitch({ on, sound, disabled, onChange }) {
  const [state, setState] = useState("granted");
  useEffect(() => setState(supported() ? Notification.permission : "unsupported"), []);
  const active = on && state === "granted";
  const change = async (wanted) => {
    const answer = wanted && supported() ? await Notification.requestPermission() : state;
    setState(answer);
    if (wanted && answer !== "granted") {
      notify("warning", tr("Your browser does not allow it. Allow notifications for this site in its settings."));
      return;
    }
    if (wanted && sound) ring();
    onChange?.(wanted);
  };
  const hint = state === "unsupported" ? tr("This browser cannot show notifications.")
    : state === "denied" ? tr("Your browser blocks notifications of this site. Allow them in its settings.")
      : on && state === "default" ? tr("Switched on, but not allowed in this browser yet.")
        : tr("Your browser asks for permission once. Nothing is shown while you look at the conversation itself.");
  return (
    <label className="flex flex-row-reverse items-start justify-between gap-4">
      <input type="checkbox" role="switch" className="switch" checked={active} disabled={disabled || state === "unsupported"} onChange={(e) => change(e.target.checked)} />
      <span className="min-w-0">
        <span className="block text-sm">{tr("Show notifications on the desktop")}</span>
        <span className="block text-xs text-muted">{hint}</span>
      </span>
    </label>
  );
}
