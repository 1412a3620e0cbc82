import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import ImageIcon from "lucide-react/dist/esm/icons/image.mjs";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import Video from "lucide-react/dist/esm/icons/video.mjs";
import { tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { Bubble } from "./composer_parts.jsx";

const KINDS = {
  image: [ImageIcon, () => tr("Picture")],
  video: [Video, () => tr("Video")],
  document: [FileText, () => tr("Document")],
  location: [MapPin, () => tr("Location")],
};

function Header({ kind, text, file }) {
  if (kind === "text") return text ? <p className="mb-1 font-semibold" dir="auto">{text}</p> : null;
  if (kind === "image" && file) return <img src={`/media/${file}`} alt={tr("Picture")} className="mb-1.5 max-h-44 w-full rounded-md object-cover" />;
  const [Glyph, words] = KINDS[kind] ?? [];
  if (!Glyph) return null;
  return <span className="mb-1.5 flex h-28 w-full min-w-56 flex-col items-center justify-center gap-1 rounded-md bg-hover text-xs text-muted"><Glyph size={22} aria-hidden="true" />{words()}</span>;
}

// The message as one person gets it on the phone.
export function CampaignPreview({ shown, className }) {
  const { header, header_text: heading, file_key: file, body, footer, buttons } = shown;
  return (
    <div className={`rounded-lg bg-chat p-4 ${className ?? ""}`} data-testid="campaign-preview">
      <Bubble className="ms-auto min-w-40">
        <Header kind={header} text={heading} file={file} />
        <MessageText text={body} />
        {footer && <p className="mt-1 text-xs text-muted" dir="auto">{footer}</p>}
      </Bubble>
      {buttons?.length > 0 && (
        <ul className="mt-1 flex flex-col items-end gap-1">
          {buttons.map(({ text, kind }, at) => (
            <li key={at} dir="auto" className="min-w-40 rounded-lg bg-bubble-out px-3 py-1.5 text-center text-sm font-medium text-accent-ink shadow-card">{kind === "url" ? `↗ ${text}` : text}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
