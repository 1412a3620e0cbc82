import Ban from "lucide-react/dist/esm/icons/ban.mjs";
import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import ImageGlyph from "lucide-react/dist/esm/icons/image.mjs";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import Plus from "lucide-react/dist/esm/icons/plus.mjs";
import Trash from "lucide-react/dist/esm/icons/trash-2.mjs";
import { PLAIN, Tool, Wrong } from "./composer_parts.jsx";
import { tr } from "./i18n.jsx";
import { Play, Type } from "./template_icons.jsx";
import { fresh, isNamed, showsFile } from "./template_model.jsx";
import { AddVariable, Line, Samples } from "./template_text.jsx";

const HEADERS = [["", Ban, () => tr("None")], ["TEXT", Type, () => tr("Text")], ["IMAGE", ImageGlyph, () => tr("Picture")], ["VIDEO", Play, () => tr("Video")], ["DOCUMENT", FileText, () => tr("Document")], ["LOCATION", MapPin, () => tr("Place")]];

// One of a few, as radio buttons that look like tiles.
export function Tiles({ label, name, options, value, onChange, disabled, className }) {
  return (
    <div role="radiogroup" aria-label={label} className={className ?? "flex flex-wrap gap-2"}>
      {options.map(([id, Glyph, text, about]) => (
        <label key={id} className="relative flex items-start gap-2 rounded-md border px-3 py-2 text-sm hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2">
          <input type="radio" name={name} value={id} checked={value === id} disabled={disabled} onChange={() => onChange(id)} className="sr-only" />
          {Glyph && <Glyph size={16} className="mt-0.5 flex-none text-muted" aria-hidden="true" />}
          <span className="min-w-0"><span className="block font-medium">{text()}</span>{about && <span className="block text-xs text-muted text-pretty">{about()}</span>}</span>
        </label>
      ))}
    </div>
  );
}

export function Sample({ format, file, place, error, onPick, onRemove }) {
  const words = { IMAGE: tr("Choose a sample picture"), VIDEO: tr("Choose a sample video"), DOCUMENT: tr("Choose a sample document") }[format] ?? tr("Choose a sample file");
  return (
    <div data-place={place}>
      <div className="flex flex-wrap items-center gap-2">
        {file?.url && format === "IMAGE" && <img src={file.url} alt="" className="size-11 flex-none rounded-md object-cover" />}
        <button type="button" onClick={onPick} aria-invalid={Boolean(error) || undefined} className={PLAIN}>{file ? tr("Another file") : words}</button>
        {file && <span className="flex min-w-0 flex-1 items-center gap-1 text-xs text-muted"><span dir="auto" className="truncate">{file.name}</span><Tool icon={Trash} size={15} label={tr("Remove the file")} onClick={onRemove} /></span>}
      </div>
      {!error && <p className="mt-1 text-xs text-muted text-pretty">{tr("WhatsApp reviews the template with it. What customers see is chosen when it is sent.")}</p>}
      <Wrong text={error} />
    </div>
  );
}

export function Header({ model, files, errors, set, onPick, only }) {
  const { header } = model;
  const change = (more) => set({ header: { ...header, ...more } });
  const named = isNamed(model);
  const kinds = only ? HEADERS.filter(([id]) => only.includes(id)) : HEADERS.filter(([id]) => id !== "LOCATION" || model.category !== "AUTHENTICATION");
  return (
    <div className="flex flex-col gap-3" data-place="header">
      <Tiles label={tr("Kind of header")} name="header-kind" options={kinds} value={header.format} onChange={(format) => change({ format, file: showsFile(format) ? header.file : "" })} />
      {header.format === "TEXT" && (
        <>
          <Line label={tr("Heading")} place="header.text" value={header.text} most={60} error={errors("header.text")} onChange={(text) => change({ text })} />
          <div className="-mt-2 flex justify-end"><AddVariable named={named} text={header.text} most={1} onAdd={(gap) => change({ text: `${header.text}${header.text && !header.text.endsWith(" ") ? " " : ""}${gap}` })} /></div>
          <Samples text={header.text} samples={header.samples} place="header" errors={errors} onChange={(samples) => change({ samples })} />
        </>
      )}
      {showsFile(header.format) && <Sample format={header.format} file={files[header.file]} place="header.file" error={errors("header.file")} onPick={() => onPick("header", header.format)} onRemove={() => change({ file: "" })} />}
      {header.format === "LOCATION" && <p className="text-xs text-muted">{tr("A map. The place is filled in when the template is sent.")}</p>}
      <Wrong text={errors("header")} />
    </div>
  );
}

export function OfferFields({ offer, errors, set }) {
  const change = (more) => set({ offer: { ...offer, ...more } });
  return (
    <div className="flex flex-col gap-3">
      <Line label={tr("Name of the offer")} place="offer.text" value={offer.text} most={16} error={errors("offer.text")} placeholder={tr("Spring sale")} onChange={(text) => change({ text })} />
      <label className="flex items-center gap-2 text-sm"><input type="checkbox" className="check" checked={offer.ends} onChange={(event) => change({ ends: event.target.checked })} />{tr("It ends: show a countdown")}</label>
      <p className="text-xs text-muted">{tr("When it ends is filled in when the template is sent.")}</p>
      <Wrong text={errors("offer") ?? errors("offer.ends")} />
    </div>
  );
}

const OTPS = [
  ["COPY_CODE", null, () => tr("Copy code"), () => tr("The customer copies the code. Works everywhere.")],
  ["ONE_TAP", null, () => tr("One tap"), () => tr("A tap hands the code to your Android app.")],
  ["ZERO_TAP", null, () => tr("Zero taps"), () => tr("Your Android app takes the code by itself.")],
];

function Apps({ otp, errors, change }) {
  const set = (id, more) => change({ apps: otp.apps.map((each) => (each.id === id ? { ...each, ...more } : each)) });
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-1 text-sm font-medium">{tr("Your Android apps")}</legend>
      {otp.apps.map((app, at) => (
        <div key={app.id} className="flex items-start gap-2">
          <div className="grid min-w-0 flex-1 gap-2 sm:grid-cols-2">
            <Line label={tr("Package name")} place={`buttons.0.apps.${at}.package_name`} value={app.package_name} dir="ltr" placeholder="com.example.app" maxLength={224} onChange={(package_name) => set(app.id, { package_name })} />
            <Line label={tr("Signature hash")} place={`buttons.0.apps.${at}.signature_hash`} value={app.signature_hash} dir="ltr" placeholder="K8a/AINcGX7" maxLength={11} onChange={(signature_hash) => set(app.id, { signature_hash })} />
          </div>
          <Tool icon={Trash} size={16} label={tr("Remove the app")} className="mt-6" onClick={() => change({ apps: otp.apps.filter((each) => each.id !== app.id) })} />
        </div>
      ))}
      {otp.apps.length < 5 && <button type="button" className={`${PLAIN} self-start`} onClick={() => change({ apps: [...otp.apps, { id: fresh(), package_name: "", signature_hash: "" }] })}><Plus size={16} aria-hidden="true" />{tr("Add an app")}</button>}
    </fieldset>
  );
}

// Meta writes the text of a code itself. What is left to choose stands here.
export function OtpFields({ otp, errors, set }) {
  const change = (more) => set({ otp: { ...otp, ...more } });
  const below = Object.keys(errors.all ?? {}).filter((key) => key.startsWith("buttons") && !["buttons.0.text"].includes(key));
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted text-pretty">{tr("WhatsApp writes the text of a code itself, in the language of the template. You choose what goes with it.")}</p>
      <Tiles label={tr("How the code gets to the app")} name="otp-type" options={OTPS} value={otp.type} className="grid gap-2 sm:grid-cols-3" onChange={(type) => change({ type, apps: type === "COPY_CODE" || otp.apps.length ? otp.apps : [{ id: fresh(), package_name: "", signature_hash: "" }] })} />
      <label className="flex items-center gap-2 text-sm"><input type="checkbox" className="check" checked={otp.advice} onChange={(event) => change({ advice: event.target.checked })} />{tr("Say that the code must not be shared")}</label>
      <div className="sm:w-72"><Line label={tr("Valid for (minutes)")} place="footer" value={otp.minutes} error={errors("footer")} dir="ltr" inputMode="numeric" placeholder="10" maxLength={3} help={tr("1 to 90, or empty to say nothing about it.")} onChange={(minutes) => change({ minutes })} /></div>
      {otp.type !== "ZERO_TAP" && <div className="sm:w-72"><Line label={tr("Label of the button")} place="buttons.0.text" value={otp.text} most={25} error={errors("buttons.0.text")} placeholder={tr("Copy code")} onChange={(text) => change({ text })} /></div>}
      {otp.type !== "COPY_CODE" && <Apps otp={otp} errors={errors} change={change} />}
      {otp.type === "ZERO_TAP" && <label className="flex items-start gap-2 text-sm"><input type="checkbox" className="check mt-0.5" checked={otp.terms} onChange={(event) => change({ terms: event.target.checked })} />{tr("I accept WhatsApp's terms for zero-tap codes: customers expect that the code is filled in for them.")}</label>}
      {below.slice(0, 1).map((key) => <Wrong key={key} text={errors(key)} />)}
      <Wrong text={errors("body")} />
    </div>
  );
}
