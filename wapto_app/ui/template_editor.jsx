import { useEffect, useMemo, useRef, useState } from "react";
import BadgePercent from "lucide-react/dist/esm/icons/badge-percent.mjs";
import Check from "lucide-react/dist/esm/icons/check.mjs";
import KeyRound from "lucide-react/dist/esm/icons/key-round.mjs";
import MessageSquare from "lucide-react/dist/esm/icons/message-square.mjs";
import TriangleAlert from "lucide-react/dist/esm/icons/triangle-alert.mjs";
import { PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";
import { tr, trn, trServer } from "./i18n.jsx";
import { byName } from "./language.jsx";
import { Dialog } from "./overlay.jsx";
import { Buttons } from "./template_buttons.jsx";
import { Cards } from "./template_cards.jsx";
import { GalleryHorizontal, Megaphone, ReceiptText } from "./template_icons.jsx";
import { emptyButton, emptyCard, formOf, isNamed, modelOf, renumbered, shapeOf, withFormat } from "./template_model.jsx";
import { Header, OfferFields, OtpFields, Tiles } from "./template_parts.jsx";
import { TemplatePreview } from "./template_preview.jsx";
import { Line, RichArea, Row, Samples } from "./template_text.jsx";

const REST = 600;
const CATEGORIES = [
  ["UTILITY", ReceiptText, () => tr("Utility"), () => tr("About something the customer did: an order, an appointment, a payment. No advertising.")],
  ["MARKETING", Megaphone, () => tr("Marketing"), () => tr("Offers, news, invitations. Only for those who agreed to get them.")],
  ["AUTHENTICATION", KeyRound, () => tr("Authentication"), () => tr("One-time codes to sign in, and nothing else.")],
];
const SHAPES = [
  ["standard", MessageSquare, () => tr("Message"), () => tr("Header, text, footer and buttons.")],
  ["carousel", GalleryHorizontal, () => tr("Carousel"), () => tr("A text and 2 to 10 cards to swipe.")],
  ["offer", BadgePercent, () => tr("Limited-time offer"), () => tr("A code with a countdown.")],
];
const OFFER_FILES = ["IMAGE", "VIDEO"];

function shaped(model, shape) {
  if (shape === "carousel") return { ...model, cards: model.cards ?? [emptyCard(), emptyCard()], offer: null };
  if (shape === "standard") return { ...model, cards: null, offer: null };
  const header = OFFER_FILES.includes(model.header.format) ? model.header : { format: "IMAGE", text: "", samples: {}, file: "" };
  const kept = model.buttons.filter((each) => each.type === "URL");
  const code = model.buttons.find((each) => each.type === "COPY_CODE") ?? emptyButton("COPY_CODE");
  return { ...model, cards: null, header, footer: "", buttons: [code, ...kept], offer: model.offer ?? { text: "", ends: true } };
}

function Section({ title, about, place, children }) {
  return (
    <section data-place={place} className="min-w-0 rounded-lg border border-line bg-surface p-5 shadow-card">
      <h2 className="text-base font-semibold">{title}</h2>
      {about && <p className="mt-1 text-sm text-muted text-pretty">{about}</p>}
      <div className="mt-4 flex flex-col gap-4">{children}</div>
    </section>
  );
}

function About({ model, set, errors, languages, accounts, isNew, approved }) {
  const name = (text) => set({ name: text.toLowerCase().replace(/[\s-]+/g, "_").replace(/[^a-z0-9_]/g, "") });
  return (
    <Section title={tr("About the template")}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Line label={tr("Name")} place="name" value={model.name} error={errors("name")} dir="ltr" maxLength={512} disabled={!isNew} placeholder="order_update" help={isNew ? tr("Small letters, numbers and _. Customers do not see it.") : tr("A name that WhatsApp knows cannot change.")} onChange={name} />
        <Row label={tr("Language")} place="language" error={errors("language")} help={isNew ? tr("The language that the text is written in.") : undefined}>
          {(props) => <select {...props} value={model.language} disabled={!isNew} onChange={(event) => set({ language: event.target.value })} className="control">{byName(languages).map(([code, words]) => <option key={code} value={code}>{words} ({code})</option>)}</select>}
        </Row>
      </div>
      {accounts.length > 1 && (
        <Row label={tr("WhatsApp account")} place="waba_id" error={errors("waba_id")}>
          {(props) => <select {...props} value={model.waba_id} disabled={!isNew} onChange={(event) => set({ waba_id: event.target.value })} className="control">{accounts.map((each) => <option key={each.waba_id} value={each.waba_id}>{each.name}</option>)}</select>}
        </Row>
      )}
      <div data-place="category">
        <p className="mb-1 text-sm font-medium">{tr("Category")}</p>
        <Tiles label={tr("Category")} name="category" className="grid gap-2 md:grid-cols-3" options={CATEGORIES} value={model.category} disabled={approved} onChange={(category) => set({ category, ...(category === "MARKETING" ? {} : { cards: null, offer: null }) })} />
        <p className="mt-1 text-xs text-muted text-pretty">{approved ? tr("The category of an approved template cannot change.") : tr("WhatsApp checks the category and changes it when the text says something else. It decides about the price.")}</p>
        <Wrong text={errors("category")} />
      </div>
    </Section>
  );
}

function Text({ model, set, errors, isNew }) {
  const named = isNamed(model);
  const body = (text) => {
    const next = { ...model.body, text };
    set({ body: named ? next : renumbered(next) });
  };
  return (
    <Section title={model.cards ? tr("Text above the cards") : tr("Text")} place="body">
      <RichArea label={tr("Body")} place="body" value={model.body.text} most={model.offer ? 600 : 1024} rows={7} named={named} error={errors("body")} onChange={body} />
      <Samples text={model.body.text} samples={model.body.samples} place="body" errors={errors} onChange={(samples) => set({ body: { ...model.body, samples } })} />
      <fieldset disabled={!isNew} className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm disabled:opacity-55">
        <legend className="sr-only">{tr("Kind of variables")}</legend>
        <span className="text-muted">{tr("Variables have")}</span>
        {[["NAMED", tr("names"), "{{first_name}}"], ["POSITIONAL", tr("numbers"), "{{1}}"]].map(([format, words, like]) => (
          <label key={format} className="inline-flex items-center gap-1.5"><input type="radio" name="format" checked={model.format === format} onChange={() => set(withFormat(model, format))} />{words} <code className="text-xs text-muted" dir="ltr">{like}</code></label>
        ))}
      </fieldset>
    </Section>
  );
}

function cardOf(key) {
  const card = /^cards\.(\d+)\./.exec(key)?.[1];
  return card ? `${tr("Card {n}", { n: Number(card) + 1 })}: ` : "";
}

// The address that ours begin with: WhatsApp would take it, and customers would land nowhere.
const isForeign = (form) => /https?:\/\/(www\.)?example\.(com|org)\b|\+15550051310/.test(JSON.stringify(form.components));

function Readiness({ problems, foreign, onGo }) {
  const keys = Object.keys(problems);
  if (!keys.length && foreign) return <p className="flex gap-2 text-sm text-warning-ink text-pretty"><TriangleAlert size={16} className="mt-0.5 flex-none" aria-hidden="true" />{tr("Its buttons still have the address or the number of our example. Write your own before you submit it.")}</p>;
  if (!keys.length) return <p className="flex items-center gap-2 text-sm text-accent-ink"><Check size={16} className="flex-none" aria-hidden="true" />{tr("Nothing is missing. It can be submitted.")}</p>;
  return (
    <div>
      <p className="text-sm font-medium">{trn("{n} thing is left before it can be submitted:", "{n} things are left before it can be submitted:", keys.length)}</p>
      <ul className="mt-1.5 flex flex-col">
        {keys.slice(0, 6).map((key) => <li key={key}><button type="button" onClick={() => onGo(key)} className="w-full rounded px-1 py-1 text-start text-sm text-muted underline-offset-2 hover:text-ink hover:underline">{cardOf(key)}{trServer(problems[key])}</button></li>)}
      </ul>
      {keys.length > 6 && <p className="px-1 text-xs text-faint">{tr("and {n} more", { n: keys.length - 6 })}</p>}
    </div>
  );
}

// What was typed is on the server a moment after the last key; leaving the page hands over what is not there yet.
function useSaving(model, saved, refused, onWrite) {
  const [written, setWritten] = useState(saved);
  const latest = useRef({ model, written, sent: saved });
  const timer = useRef(null);
  const send = () => {
    clearTimeout(timer.current);
    const now = latest.current;
    if (now.sent === now.written) return;
    now.sent = now.written;
    onWrite(formOf(now.model), now.written);
  };
  const changed = (next) => {
    latest.current.model = next;
    latest.current.written += 1;
    setWritten(latest.current.written);
    clearTimeout(timer.current);
    timer.current = setTimeout(send, REST);
  };
  const isSaved = saved === written;
  const sender = useRef(send);
  sender.current = send;
  useEffect(() => () => sender.current(), []);
  useEffect(() => {
    if (isSaved) return undefined;
    const warn = (event) => { sender.current(); event.preventDefault(); };
    const links = (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link || !refused || link.target === "_blank") return;
      if (!window.confirm(tr("Your last changes are not saved. Leave anyway?"))) { event.preventDefault(); event.stopPropagation(); }
    };
    window.addEventListener("beforeunload", warn);
    document.addEventListener("click", links, true);
    return () => { window.removeEventListener("beforeunload", warn); document.removeEventListener("click", links, true); };
  }, [isSaved, refused]);
  const number = () => latest.current.written;
  return { changed, isSaved, number, stop: () => { clearTimeout(timer.current); latest.current.sent = latest.current.written; } };
}

function bringIntoSight(key) {
  for (let place = key; place; place = place.includes(".") ? place.slice(0, place.lastIndexOf(".")) : "") {
    const element = document.querySelector(`[data-place="${CSS.escape(place)}"]`);
    if (!element) continue;
    element.scrollIntoView({ block: "center", behavior: "smooth" });
    element.querySelector("input:not([type=radio]), textarea, select, button")?.focus({ preventScroll: true });
    return;
  }
}

function Foot({ isSaved, refused, pending, ready, onPreview, onSubmit, label }) {
  const words = refused ? tr("Not saved") : isSaved ? tr("Saved") : tr("Saving …");
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span role="status" data-testid="template-saved" className={`me-auto text-sm ${refused ? "text-danger-ink" : "text-muted"}`}>{words}</span>
      {onPreview && <button type="button" onClick={onPreview} className={PLAIN}>{tr("Preview")}</button>}
      <button type="button" onClick={onSubmit} disabled={pending} aria-busy={pending} data-ready={ready} className={`${PRIMARY} max-sm:grow`}>{label}</button>
    </div>
  );
}

// What is on the screen while the language of the pages changes, for then all of it is drawn anew.
const kept = new Map();

// The whole of it. The form lives in the browser; the server keeps it, checks it and submits it.
export function TemplateEditor({ form, files, problems, errors: refusal, saved, revision, picked, languages, accounts, status, business, pending, onWrite, onLibrary, onSubmit }) {
  const [model, setModel] = useState(() => kept.get(revision) ?? modelOf(form));
  const [touched, setTouched] = useState(() => new Set());
  const [all, setAll] = useState(false);
  const [sheet, setSheet] = useState("");
  const [wanted, setWanted] = useState(null);
  const [known, setKnown] = useState(files ?? {});
  const asking = useRef("");
  const isNew = status === "DRAFT";
  const approved = ["APPROVED", "PAUSED", "FLAGGED"].includes(status);
  const refused = Object.keys(refusal ?? {}).length > 0;
  const saving = useSaving(model, saved, refused, onWrite);

  const set = (more) => {
    const next = { ...model, ...more };
    setModel(next);
    kept.clear();
    kept.set(revision, next);
    saving.changed(next);
  };
  const shown = useMemo(() => {
    const said = Object.fromEntries(Object.entries(problems ?? {}).filter(([key]) => all || touched.has(key)));
    return { ...said, ...(refusal ?? {}) };
  }, [problems, refusal, touched, all]);
  const errors = useMemo(() => Object.assign((key) => shown[key], { all: shown }), [shown]);
  const touch = (event) => {
    const place = event.target.closest?.("[data-place]")?.dataset.place;
    if (place && !touched.has(place)) setTouched(new Set([...touched, place]));
  };
  const onPick = (place, format) => { asking.current = place; onLibrary(format.toLowerCase()); };
  const seen = useRef(picked?.n);
  useEffect(() => {
    if (!picked?.n || picked.n === seen.current) return;
    seen.current = picked.n;
    setKnown((now) => ({ ...now, [picked.key]: picked }));
    if (asking.current === "header") set({ header: { ...model.header, file: picked.key } });
    const card = /^cards\.(\d+)$/.exec(asking.current)?.[1];
    if (card) set({ cards: model.cards.map((each, at) => (at === Number(card) ? { ...each, file: picked.key } : each)) });
  }, [picked?.n]);
  const go = (key) => { setSheet(""); setAll(true); setWanted({ key }); };
  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setTimeout(() => bringIntoSight(wanted.key), 60);
    return () => clearTimeout(timer);
  }, [wanted]);

  const shape = shapeOf(model);
  const places = { ...(known[model.header.file] ? { header: known[model.header.file] } : {}), ...Object.fromEntries((model.cards ?? []).map((card, at) => [`cards.${at}`, known[card.file]]).filter(([, file]) => file)) };
  const common = { model, files: known, errors, set, onPick };
  const first = Object.keys(problems ?? {})[0];
  const ask = () => (first ? go(first) : setSheet("submit"));
  const submit = () => { setSheet(""); saving.stop(); onSubmit(formOf(model), saving.number()); };
  const label = isNew || status === "REJECTED" ? tr("Submit to WhatsApp") : tr("Submit the changes");
  const foot = { isSaved: saving.isSaved, refused: refused && !saving.isSaved, pending, ready: !first, onSubmit: ask, label };
  const preview = <TemplatePreview model={model} files={places} business={business} />;
  return (
    <div className="flex flex-col gap-6 lg:flex-row lg:items-start" onInput={touch} onBlur={touch} data-testid="template-editor">
      <div className="flex min-w-0 flex-1 flex-col gap-5">
        <About model={model} set={set} errors={errors} languages={languages} accounts={accounts ?? []} isNew={isNew} approved={approved} />
        {model.category === "MARKETING" && <Section title={tr("Kind of message")}><Tiles label={tr("Kind of message")} name="shape" className="grid gap-2 sm:grid-cols-3" options={SHAPES} value={shape} onChange={(next) => set(shaped(model, next))} /></Section>}
        {shape === "otp" && <Section title={tr("Code")} place="body"><OtpFields otp={model.otp} errors={errors} set={set} /></Section>}
        {shape === "offer" && <Section title={tr("Offer")} place="offer"><OfferFields offer={model.offer} errors={errors} set={set} /></Section>}
        {["standard", "offer"].includes(shape) && <Section title={tr("Header")} about={tr("What stands above the text. You can leave it out.")} place="header"><Header {...common} only={shape === "offer" ? OFFER_FILES : undefined} /></Section>}
        {shape !== "otp" && <Text model={model} set={set} errors={errors} isNew={isNew} />}
        {shape === "carousel" && <Section title={tr("Cards")}><Cards {...common} wanted={wanted} /></Section>}
        {shape === "standard" && <Section title={tr("Footer")} about={tr("A small line below the text, such as how to stop these messages.")}><Line label={tr("Footer")} place="footer" value={model.footer} most={60} error={errors("footer")} placeholder={tr("Reply STOP to get no more of these.")} onChange={(footer) => set({ footer })} /></Section>}
        {["standard", "offer"].includes(shape) && <Section title={tr("Buttons")} about={tr("What the customer can do with one tap.")} place="buttons"><Buttons buttons={model.buttons} place="buttons" kind={shape} errors={errors} onChange={(buttons) => set({ buttons })} /></Section>}
      </div>
      <aside className="flex w-full flex-none flex-col gap-4 lg:sticky lg:top-4 lg:w-88" aria-label={tr("Preview and submitting")}>
        <div className="max-lg:hidden">{preview}</div>
        <div className="rounded-lg border border-line bg-surface p-4 shadow-card"><Readiness problems={problems ?? {}} foreign={isForeign(formOf(model))} onGo={go} /></div>
        <Wrong text={refusal?.template ?? refusal?.form} />
        <div className="max-lg:hidden"><Foot {...foot} /></div>
      </aside>
      <div className="sticky bottom-0 z-10 -mx-4 -mb-6 border-t bg-raised px-4 py-3 lg:hidden"><Foot {...foot} onPreview={() => setSheet("preview")} /></div>
      <Dialog open={sheet === "preview"} label={tr("Preview")} title={tr("Preview")} width="420px" onClose={() => setSheet("")}>{preview}</Dialog>
      <Dialog open={sheet === "submit"} title={tr("Submit “{name}” to WhatsApp?", { name: model.name })} width="420px" onClose={() => setSheet("")}
        description={approved ? tr("WhatsApp reviews the changes, usually within minutes. Meanwhile the template may not be sent. An approved template can be changed once a day and ten times in a month.") : tr("WhatsApp reviews it, usually within minutes, at most within a day. You are told what comes out.")}
        footer={<><button type="button" className={PLAIN} data-autofocus="true" onClick={() => setSheet("")}>{tr("Cancel")}</button><button type="button" className={PRIMARY} onClick={submit}>{tr("Submit")}</button></>} />
    </div>
  );
}
