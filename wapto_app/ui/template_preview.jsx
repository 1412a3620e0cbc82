import { useEffect, useRef, useState } from "react";
import Copy from "lucide-react/dist/esm/icons/copy.mjs";
import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import ImageGlyph from "lucide-react/dist/esm/icons/image.mjs";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import Reply from "lucide-react/dist/esm/icons/reply.mjs";
import { tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { ChevronLeft, ChevronRight, ClipboardList, ExternalLink, Gift, List, Phone, Play, ShoppingBag } from "./template_icons.jsx";
import { filledWith, modelOf, shapeOf, showsFile } from "./template_model.jsx";

const BUTTONS = { URL: ExternalLink, PHONE_NUMBER: Phone, VOICE_CALL: Phone, QUICK_REPLY: Reply, COPY_CODE: Copy, OTP: Copy, FLOW: ClipboardList, CATALOG: ShoppingBag, MPM: ShoppingBag, SPM: ShoppingBag };
const fixed = {
  COPY_CODE: () => tr("Copy offer code"), CATALOG: () => tr("View catalog"), MPM: () => tr("View items"), SPM: () => tr("View"),
  OTP: () => tr("Copy code"), REQUEST_CONTACT_INFO: () => tr("Share contact info"), VOICE_CALL: () => tr("Call us"), FLOW: () => tr("Open form"),
};
const labelOf = ({ type, text }) => text || fixed[type]?.() || tr("Button");

// WhatsApp: of more than three the first two are shown, the others behind a list.
const MOST_SHOWN = 3;

const WIDE = { aspectRatio: "1.91" };
// As WhatsApp does it: each paragraph in the direction of its own letters.
const Paragraphs = ({ text }) => <div style={{ unicodeBidi: "plaintext" }} className="[&>span]:contents"><MessageText text={text} /></div>;

function Media({ format, file, tall }) {
  const size = tall ? { aspectRatio: 1 } : WIDE;
  if (format === "LOCATION") return <div style={WIDE} className="grid place-items-center rounded-md bg-info-soft text-danger-ink"><MapPin size={30} fill="currentColor" stroke="var(--color-bubble-in)" aria-hidden="true" /></div>;
  if (format === "DOCUMENT") return (
    <div className="flex items-center gap-2.5 rounded-md bg-hover p-2.5">
      <FileText size={26} className="flex-none text-danger" aria-hidden="true" />
      <span className="min-w-0 flex-1"><span dir="auto" className="block truncate text-sm font-medium">{file?.name || tr("Document.pdf")}</span><span className="block text-xs text-muted">PDF</span></span>
    </div>
  );
  if (file?.url && format === "IMAGE") return <img src={file.url} alt="" style={size} className="w-full rounded-md object-cover" />;
  if (file?.url && format === "VIDEO") return <video src={`${file.url}#t=0.1`} preload="metadata" muted playsInline style={size} className="w-full rounded-md object-cover" />;
  const Glyph = format === "VIDEO" || format === "GIF" ? Play : ImageGlyph;
  return <div style={size} className="grid w-full place-items-center rounded-md bg-hover text-faint"><Glyph size={34} aria-hidden="true" /></div>;
}

function Taps({ buttons, onAll }) {
  const shown = buttons.length > MOST_SHOWN ? buttons.slice(0, MOST_SHOWN - 1) : buttons;
  const look = "flex w-full items-center justify-center gap-1.5 border-t border-line px-3 py-2 text-center text-sm font-medium text-tick-read";
  return (
    <div className="mt-1.5 -mx-2 -mb-1.5">
      {shown.map((each, at) => {
        const Glyph = BUTTONS[each.type] ?? Reply;
        return <span key={each.id ?? at} className={look}><Glyph size={15} className="flex-none" aria-hidden="true" /><bdi className="min-w-0 truncate">{labelOf(each)}</bdi></span>;
      })}
      {buttons.length > MOST_SHOWN && <button type="button" onClick={onAll} className={look}><List size={15} aria-hidden="true" />{tr("See all options")}</button>}
    </div>
  );
}

function Offer({ offer, buttons }) {
  const code = buttons.find((each) => each.type === "COPY_CODE")?.example;
  return (
    <div className="mt-1.5 mb-1 flex items-center gap-2.5 rounded-md bg-hover p-2.5">
      <span className="grid size-9 flex-none place-items-center rounded-full bg-accent-soft text-accent-ink"><Gift size={18} aria-hidden="true" /></span>
      <span className="min-w-0 text-sm">
        <span dir="auto" className="block truncate font-semibold">{offer.text || tr("Your offer")}</span>
        {offer.ends && <span className="block text-xs text-danger-ink">{tr("Ends in 2 days")}</span>}
        {code && <span className="block text-xs text-muted">{tr("Code: {code}", { code })}</span>}
      </span>
    </div>
  );
}

const Stamp = () => <span className="mt-0.5 block text-end text-xs text-faint" dir="ltr">10:24</span>;
const BUBBLE = "rounded-lg bg-bubble-in px-2 py-1.5 text-sm text-ink shadow-card";

function Cards({ cards, files }) {
  const rail = useRef(null);
  const [at, setAt] = useState(0);
  const go = (to) => rail.current.children[to]?.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" });
  const seen = () => {
    const { left, width } = rail.current.getBoundingClientRect();
    const middle = left + width / 2;
    const distance = [...rail.current.children].map((each) => { const box = each.getBoundingClientRect(); return Math.abs(box.left + box.width / 2 - middle); });
    setAt(distance.indexOf(Math.min(...distance)));
  };
  const arrow = "absolute top-1/2 z-1 grid size-8 -translate-y-1/2 place-items-center rounded-full bg-raised text-ink shadow-pop disabled:opacity-35";
  return (
    <div className="relative mt-1.5" role="group" aria-label={tr("Cards")}>
      <div ref={rail} onScroll={seen} tabIndex={0} role="group" aria-label={tr("Card {n} of {total}", { n: at + 1, total: cards.length })} style={{ scrollbarWidth: "none", scrollSnapType: "x mandatory" }} className="flex gap-1.5 overflow-x-auto rounded-lg">
        {cards.map((card, index) => (
          <div key={card.id} style={{ width: "82%", scrollSnapAlign: "center" }} className={`${BUBBLE} flex flex-none flex-col`}>
            <Media format={card.format} file={files?.[`cards.${index}`]} />
            <div className="flex-1 pt-1.5"><Paragraphs text={filledWith(card.body.text, card.body.samples)} /></div>
            {card.buttons.length > 0 && <Taps buttons={card.buttons} />}
          </div>
        ))}
      </div>
      <button type="button" aria-label={tr("Card before")} disabled={at === 0} onClick={() => go(at - 1)} className={`${arrow} start-1`}><ChevronLeft size={18} className="mirror" aria-hidden="true" /></button>
      <button type="button" aria-label={tr("Next card")} disabled={at >= cards.length - 1} onClick={() => go(at + 1)} className={`${arrow} end-1`}><ChevronRight size={18} className="mirror" aria-hidden="true" /></button>
    </div>
  );
}

// Meta: the text of a code is Meta's own, in every language; only what may be chosen is chosen here.
function otpParts({ otp }) {
  const body = `*123456* ${tr("is your verification code.")}${otp.advice ? ` ${tr("For your security, do not share this code.")}` : ""}`;
  const footer = otp.minutes ? tr("This code expires in {minutes} minutes.", { minutes: otp.minutes }) : "";
  return { body, footer, buttons: otp.type === "ZERO_TAP" ? [] : [{ type: "OTP", text: otp.type === "ONE_TAP" ? otp.autofill || tr("Autofill") : otp.text || tr("Copy code") }] };
}

// The message alone: in the phone, in the gallery, beside the list of what a chat can send.
export function Message({ model, files }) {
  const [all, setAll] = useState(false);
  const code = shapeOf(model) === "otp" ? otpParts(model) : null;
  const body = code ? code.body : filledWith(model.body.text, model.body.samples);
  const footer = code ? code.footer : model.cards || model.offer ? "" : model.footer;
  const buttons = code ? code.buttons : model.cards ? [] : model.buttons;
  const head = code || model.cards ? { format: "" } : model.header;
  useEffect(() => { if (buttons.length <= MOST_SHOWN) setAll(false); }, [buttons.length]);
  return (
    <div style={{ maxWidth: "19rem" }}>
      <div className={BUBBLE}>
        {head.format && head.format !== "TEXT" && <div className="mb-1.5"><Media format={showsFile(head.format) || head.format === "LOCATION" ? head.format : "IMAGE"} file={files?.header} /></div>}
        {head.format === "LOCATION" && <p className="mb-1 text-sm"><span className="block font-medium">{tr("Name of the place")}</span><span className="text-muted">{tr("Address")}</span></p>}
        {head.format === "TEXT" && head.text && <p dir="auto" className="mb-0.5 font-semibold wrap-anywhere">{filledWith(head.text, head.samples)}</p>}
        {!code && model.offer && !model.cards && <Offer offer={model.offer} buttons={buttons} />}
        {body ? <Paragraphs text={body} /> : <span className="text-faint">{tr("Your text …")}</span>}
        {footer && <p dir="auto" className="mt-1 text-xs text-muted wrap-anywhere">{footer}</p>}
        <Stamp />
        {buttons.length > 0 && <Taps buttons={buttons} onAll={() => setAll(true)} />}
      </div>
      {model.cards && model.cards.length > 0 && !code && <Cards cards={model.cards} files={files} />}
      {all && (
        <div role="group" aria-label={tr("All options")} className="mt-2 rounded-lg bg-raised p-1 shadow-pop">
          {buttons.map((each, at) => {
            const Glyph = BUTTONS[each.type] ?? Reply;
            return <span key={each.id ?? at} className="flex items-center gap-2.5 px-3 py-2 text-sm text-ink"><Glyph size={16} className="flex-none text-muted" aria-hidden="true" /><bdi className="min-w-0 truncate">{labelOf(each)}</bdi></span>;
          })}
          <button type="button" onClick={() => setAll(false)} className="w-full rounded px-3 py-1.5 text-center text-xs text-muted hover:bg-hover">{tr("Close")}</button>
        </div>
      )}
    </div>
  );
}

// A phone with the message on it. `form` is what is edited (or stored) as { components, category, … }; `model` the same, read already.
export function TemplatePreview({ form, model, files, business, bare, className }) {
  const shown = model ?? modelOf(form);
  if (bare) return <div aria-label={tr("Preview")} role="group" className={`overflow-hidden bg-chat p-3 ${className ?? ""}`}><Message model={shown} files={files} /></div>;
  return (
    <div role="group" aria-label={tr("Preview on a phone")} data-testid="template-phone" style={{ maxWidth: "22rem", borderRadius: 24, borderWidth: 4 }} className={`mx-auto w-full overflow-hidden border-line bg-chat ${className ?? ""}`}>
      <div className="flex items-center gap-2.5 bg-surface px-3 py-2.5 shadow-card">
        <ChevronLeft size={18} className="mirror flex-none text-muted" aria-hidden="true" />
        <span aria-hidden="true" className="grid size-8 flex-none place-items-center rounded-full bg-accent-soft text-sm font-semibold text-accent-ink">{[...(business || "W")][0].toUpperCase()}</span>
        <span dir="auto" className="min-w-0 flex-1 truncate text-sm font-medium">{business || tr("Your business")}</span>
      </div>
      <div style={{ minHeight: "18rem", maxHeight: "clamp(18rem, 100dvh - 27rem, 34rem)" }} className="scroll-thin overflow-y-auto p-3"><Message model={shown} files={files} /></div>
    </div>
  );
}
