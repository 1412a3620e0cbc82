import CalendarClock from "lucide-react/dist/esm/icons/calendar-clock.mjs";
import Contact from "lucide-react/dist/esm/icons/contact.mjs";
import Images from "lucide-react/dist/esm/icons/images.mjs";
import LayoutTemplate from "lucide-react/dist/esm/icons/layout-template.mjs";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import Mic from "lucide-react/dist/esm/icons/mic.mjs";
import Pointer from "lucide-react/dist/esm/icons/mouse-pointer-click.mjs";
import Paperclip from "lucide-react/dist/esm/icons/paperclip.mjs";
import Plus from "lucide-react/dist/esm/icons/plus.mjs";
import Smile from "lucide-react/dist/esm/icons/smile.mjs";
import Type from "lucide-react/dist/esm/icons/type.mjs";
import Zap from "lucide-react/dist/esm/icons/zap.mjs";
import { tr } from "./i18n.jsx";
import { Popup } from "./menu.jsx";
import { Tool } from "./composer_parts.jsx";

const ITEM = "flex min-h-8 w-full items-center gap-2.5 rounded-md px-2 py-1 text-start text-sm outline-none select-none hover:bg-hover focus:bg-hover pointer-coarse:min-h-11";

function Item({ icon: Glyph, label, onClick }) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} onClick={onClick} className={ITEM}>
      <Glyph size={16} aria-hidden="true" className="flex-none text-muted" /><span className="flex-1 truncate">{label}</span>
    </button>
  );
}

// What can be put into a message or sent instead of one. A phone has room for one button: all of it is behind the plus.
export function Tools({ note, formatting, act, panel, mayPick }) {
  const attach = [Paperclip, tr("Attach files"), act.attach];
  const emoji = [Smile, tr("Emoji"), act.emoji];
  const format = [Type, tr("Formatting"), act.formatting];
  const voice = [Mic, tr("Record a voice message"), act.voice];
  const quick = [Zap, tr("Quick replies"), act.quick];
  const more = [
    mayPick && [Images, tr("Media library"), act.library],
    [LayoutTemplate, tr("Template"), act.templates],
    [Pointer, tr("Buttons, list or link"), act.interactive],
    [MapPin, tr("Location"), act.place],
    [Contact, tr("Contact card"), act.cards],
    [CalendarClock, tr("Send later"), act.schedule],
  ].filter(Boolean);
  const shown = note ? [emoji, format] : [attach, emoji, voice, quick, format];
  const state = { [emoji[1]]: panel === "emoji", [format[1]]: formatting };
  const items = (list) => list.map(([icon, label, onClick]) => <Item key={label} icon={icon} label={label} onClick={onClick} />);
  return (
    <>
      <div className="flex items-center max-sm:hidden">
        {shown.map(([icon, label, onClick]) => <Tool key={label} icon={icon} label={label} onClick={onClick} aria-pressed={state[label]} />)}
        {!note && <Popup kind="menu" side="top" label={tr("More to send")} trigger={<Tool icon={Plus} label={tr("More to send")} />}>{items(more)}</Popup>}
      </div>
      <div className="sm:hidden">
        <Popup kind="menu" side="top" label={tr("More to send")} className="w-64" trigger={<Tool icon={Plus} label={tr("More to send")} />}>{items(note ? shown : [...shown, ...more])}</Popup>
      </div>
    </>
  );
}
