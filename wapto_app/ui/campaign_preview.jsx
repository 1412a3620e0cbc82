import { useEffect, useState } from "react";
import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import ImageIcon from "lucide-react/dist/esm/icons/image.mjs";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import Video from "lucide-react/dist/esm/icons/video.mjs";
import { locale, tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { Bubble } from "./composer_parts.jsx";

const KINDS = {
  image: [ImageIcon, () => tr("Picture")],
  video: [Video, () => tr("Video")],
  document: [FileText, () => tr("Document")],
  location: [MapPin, () => tr("Location")],
};

// `file` is a key of the library; what cannot be shown has a sign in its place.
function Header({ kind, text, file, className }) {
  const [broken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [file]);
  if (kind === "text") return text ? <p className="mb-1 font-semibold" dir="auto">{text}</p> : null;
  const box = `mb-1.5 w-full rounded-md ${className ?? "h-32"}`;
  if (file && !broken && kind === "image") return <img src={`/library/${file}`} alt={tr("Picture")} onError={() => setBroken(true)} className={`${box} object-cover`} />;
  if (file && !broken && kind === "video") return <video src={`/library/${file}#t=0.1`} preload="metadata" muted aria-label={tr("Video")} onError={() => setBroken(true)} className={`${box} bg-black object-cover`} />;
  const [Glyph, words] = KINDS[kind] ?? [];
  if (!Glyph) return null;
  return <span className={`${box} flex flex-col items-center justify-center gap-1 bg-hover text-xs text-muted`}><Glyph size={22} aria-hidden="true" />{words()}</span>;
}

function ends(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(date);
}

function Offer({ text, until }) {
  if (!text) return null;
  const moment = until ? ends(until) : "";
  return (
    <p className="mb-1.5 rounded-md bg-hover p-2 text-xs">
      <span dir="auto" className="block font-semibold">{text}</span>
      {moment && <span className="text-muted">{tr("Ends {time}", { time: moment })}</span>}
    </p>
  );
}

const label = ({ text, kind }) => (kind === "url" ? `↗ ${text}` : text);

function Cards({ cards }) {
  return (
    <ul aria-label={tr("Cards")} tabIndex={0} className="scroll-thin mt-1.5 flex gap-1.5 overflow-x-auto pb-1">
      {cards.map((card, at) => (
        <li key={at} className="flex w-44 flex-none flex-col rounded-lg bg-bubble-out p-2 text-sm shadow-card">
          <Header kind={card.header} file={card.file_key} className="h-24" />
          <div className="flex-1"><MessageText text={card.body} /></div>
          {card.buttons.map((each, place) => <span key={place} dir="auto" className="mt-1 block truncate border-t pt-1 text-center text-xs font-medium text-accent-ink">{label(each)}</span>)}
        </li>
      ))}
    </ul>
  );
}

// The message as one person gets it on the phone.
export function CampaignPreview({ shown, className }) {
  const { header, header_text: heading, file_key: file, body, footer, buttons, cards, offer, offer_ends: until } = shown;
  return (
    <div className={`rounded-lg bg-chat p-4 ${className ?? ""}`} data-testid="campaign-preview">
      <Bubble className={`ms-auto ${KINDS[header] ? "min-w-56" : "min-w-40"}`}>
        <Header kind={header} text={heading} file={file} />
        <Offer text={offer} until={until} />
        <MessageText text={body} />
        {footer && <p className="mt-1 text-xs text-muted" dir="auto">{footer}</p>}
      </Bubble>
      {buttons?.length > 0 && (
        <ul className="mt-1 flex flex-col items-end gap-1">
          {buttons.map((each, at) => <li key={at} dir="auto" className="min-w-40 rounded-lg bg-bubble-out px-3 py-1.5 text-center text-sm font-medium text-accent-ink shadow-card">{label(each)}</li>)}
        </ul>
      )}
      {cards?.length > 0 && <Cards cards={cards} />}
    </div>
  );
}
