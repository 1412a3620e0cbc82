import { useState } from "react";
import Plus from "lucide-react/dist/esm/icons/plus.mjs";
import Trash from "lucide-react/dist/esm/icons/trash-2.mjs";
import { PLAIN, Tool, Wrong } from "./composer_parts.jsx";
import { tr } from "./i18n.jsx";
import { Sortable } from "./sortable.jsx";
import { GripVertical } from "./template_icons.jsx";
import { emptyButton, gapsOf } from "./template_model.jsx";
import { Line } from "./template_text.jsx";

const LABEL_MAX = 25;
const CODE_MAX = 15;
// Meta's kinds with how many of each a template may have.
const KINDS = {
  QUICK_REPLY: [() => tr("Quick reply"), () => tr("The customer answers with one tap."), 10],
  URL: [() => tr("Open a website"), () => tr("Fixed, or with an end of its own for each customer."), 2],
  PHONE_NUMBER: [() => tr("Call a number"), () => tr("Calls you by phone."), 1],
  COPY_CODE: [() => tr("Copy offer code"), () => tr("Copies a code to use at checkout."), 1],
  VOICE_CALL: [() => tr("Call on WhatsApp"), () => tr("Calls you inside WhatsApp."), 1],
  FLOW: [() => tr("Open a form"), () => tr("A WhatsApp Flow that Meta has published."), 1],
  CATALOG: [() => tr("View catalog"), () => tr("Your catalog on WhatsApp."), 1],
};
const OF_CARDS = ["QUICK_REPLY", "URL", "PHONE_NUMBER"];
const OF_OFFERS = ["COPY_CODE", "URL"];
const MOST = 10;
const MOST_OF_CARD = 2;
const nameOf = (type) => KINDS[type]?.[0]() ?? type;

function UrlFields({ item }) {
  const { button, place, errors, set } = item;
  const changes = gapsOf(button.url).length > 0;
  const base = button.url.replace(/\{\{\s*\w+\s*\}\}/g, "");
  const turn = (on) => set({ url: on ? `${base.replace(/\/?$/, "/")}{{1}}` : base.replace(/\/$/, ""), example: "" });
  return (
    <>
      <Line label={tr("Address")} place={`${place}.url`} value={button.url} error={errors(`${place}.url`)} dir="ltr" inputMode="url" placeholder="https://example.com/offers" maxLength={2000} onChange={(url) => set({ url })} />
      <label className="flex items-center gap-2 text-sm"><input type="checkbox" className="check" checked={changes} onChange={(event) => turn(event.target.checked)} />{tr("The end is different for each customer")}</label>
      {changes && (
        <Line label={tr("Whole address as a sample")} place={`${place}.example`} value={button.example} error={errors(`${place}.example`)} dir="ltr" placeholder={`${base}1042`} maxLength={2000} onChange={(example) => set({ example })} />
      )}
    </>
  );
}

function FlowFields({ item }) {
  const { button, place, errors, set } = item;
  return (
    <>
      <Line label={tr("Id of the flow")} place={`${place}.flow`} value={button.flow_id ?? ""} error={errors(`${place}.flow`)} dir="ltr" inputMode="numeric" maxLength={32} onChange={(flow_id) => set({ flow_id, flow_action: button.flow_action ?? "navigate" })} />
      <Line label={tr("First screen")} place={`${place}.navigate_screen`} value={button.navigate_screen ?? ""} error={errors(`${place}.navigate_screen`)} dir="ltr" maxLength={80} onChange={(navigate_screen) => set({ navigate_screen })} />
    </>
  );
}

// A row of the list that is put in order. It must stay the same component, or its inputs would lose what is being typed.
function ButtonRow({ item }) {
  const { button, place, errors, set, remove } = item;
  const hasLabel = !["COPY_CODE", "CATALOG"].includes(button.type);
  const move = tr("Move {name}: drag, or press an arrow key", { name: item.name });
  return (
    <div className="flex items-start gap-1 border-b border-line py-3" data-place={place}>
      <button type="button" data-handle="true" aria-label={move} className="grid size-8 flex-none cursor-grab touch-none place-items-center rounded-md text-faint hover:bg-hover hover:text-ink active:cursor-grabbing pointer-coarse:size-11"><GripVertical size={16} aria-hidden="true" /></button>
      <div className="flex min-w-0 flex-1 flex-col gap-3">
        <p className="pt-1.5 text-xs font-medium text-muted">{nameOf(button.type)}</p>
        {hasLabel && <Line label={tr("Label")} place={`${place}.text`} value={button.text} most={LABEL_MAX} error={errors(`${place}.text`)} placeholder={button.type === "QUICK_REPLY" ? tr("Yes, please") : ""} onChange={(text) => set({ text })} />}
        {button.type === "URL" && <UrlFields item={item} />}
        {button.type === "PHONE_NUMBER" && <Line label={tr("Phone number")} place={`${place}.phone`} value={button.phone_number} error={errors(`${place}.phone`)} dir="ltr" inputMode="tel" placeholder="+15550051310" maxLength={20} help={tr("With its country code.")} onChange={(phone_number) => set({ phone_number })} />}
        {button.type === "COPY_CODE" && <Line label={tr("Sample code")} place={`${place}.code`} value={button.example} most={CODE_MAX} error={errors(`${place}.code`) ?? errors(`${place}.example`)} dir="ltr" placeholder="SAVE20" help={tr("The real code is chosen when it is sent. The label is WhatsApp's own.")} onChange={(example) => set({ example })} />}
        {button.type === "FLOW" && <FlowFields item={item} />}
        <Wrong text={errors(place)} />
      </div>
      <Tool icon={Trash} size={16} label={tr("Remove {name}", { name: item.name })} onClick={remove} />
    </div>
  );
}

// `first`: Meta wants the code of an offer before its other buttons.
function Add({ kinds, buttons, most, first, onAdd }) {
  const [open, setOpen] = useState(false);
  const room = buttons.length < most;
  const fits = (type) => buttons.filter((each) => each.type === type).length < KINDS[type][2];
  // Meta: quick replies stand together, before or after the others.
  const add = (type) => {
    setOpen(false);
    const last = buttons.findLastIndex((each) => each.type === "QUICK_REPLY");
    const at = type === "COPY_CODE" && first ? 0 : type === "QUICK_REPLY" && last >= 0 ? last + 1 : buttons.length;
    onAdd([...buttons.slice(0, at), emptyButton(type), ...buttons.slice(at)]);
  };
  return (
    <div className="relative mt-3" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false); }} onKeyDown={(event) => { if (event.key === "Escape" && open) { event.stopPropagation(); setOpen(false); } }}>
      <button type="button" disabled={!room} aria-expanded={open} onClick={() => setOpen(!open)} className={PLAIN}><Plus size={16} aria-hidden="true" />{tr("Add a button")}</button>
      {open && (
        <ul aria-label={tr("Kinds of buttons")} className="absolute start-0 z-20 mt-1 w-72 max-w-full rounded-lg bg-raised p-1 shadow-pop">
          {kinds.map((type) => (
            <li key={type}>
              <button type="button" disabled={!fits(type)} onClick={() => add(type)} className="block w-full rounded-md px-2.5 py-1.5 text-start hover:bg-hover disabled:opacity-50">
                <span className="block text-sm font-medium">{nameOf(type)}</span><span className="block text-xs text-muted">{fits(type) ? KINDS[type][1]() : tr("No more of these fit into one template.")}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

// `place` is "buttons" or "cards.0.buttons"; `kind` is standard, offer or card.
export function Buttons({ buttons, place, kind, errors, onChange }) {
  const kinds = kind === "card" ? OF_CARDS : kind === "offer" ? OF_OFFERS : Object.keys(KINDS);
  const most = kind === "card" ? MOST_OF_CARD : MOST;
  const items = buttons.map((button, at) => ({
    id: button.id, button, place: `${place}.${at}`, errors, name: button.text || nameOf(button.type),
    set: (change) => onChange(buttons.map((each) => (each.id === button.id ? { ...each, ...change } : each))),
    remove: () => onChange(buttons.filter((each) => each.id !== button.id)),
  }));
  const move = (id, to) => {
    const others = buttons.filter((each) => each.id !== id);
    onChange([...others.slice(0, to), buttons.find((each) => each.id === id), ...others.slice(to)]);
  };
  return (
    <div data-place={place}>
      {items.length > 0 && <Sortable items={items} row={ButtonRow} name="name" label={tr("Buttons")} onMove={move} className="-mt-3" />}
      <Wrong text={errors(place)} />
      {kind === "standard" && buttons.length > 3 && <p className="mt-2 text-xs text-muted">{tr("Phones show two of them and “See all options”. WhatsApp on a computer does not show templates with more than three.")}</p>}
      <Add kinds={kinds} buttons={buttons} most={most} first={kind === "offer"} onAdd={onChange} />
    </div>
  );
}
