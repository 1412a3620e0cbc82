import { useEffect, useRef, useState } from "react";
import FileText from "lucide-react/dist/esm/icons/file-text.mjs";
import RotateCcw from "lucide-react/dist/esm/icons/rotate-ccw.mjs";
import { tr, trServer } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { Dialog } from "./overlay.jsx";
import { Bubble, Field, FIELD, PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";
import { transfer } from "./uploads.jsx";

const REST = 250;
const ACCEPT = { image: "image/jpeg,image/png", video: "video/mp4,video/3gpp", document: undefined };
const filledIn = (text, place, values, slots) => text.replace(/\{\{\s*(\w+)\s*\}\}/g, (gap, name) => values[`${place}.${name}`]?.trim() || slots.find(({ key }) => key === `${place}.${name}`)?.sample || gap);

function Rows({ rows, chosen, onChoose }) {
  if (!rows) return <div className="h-24 animate-pulse rounded-md bg-sunken" />;
  if (!rows.length) return <p className="py-3 text-sm text-muted">{tr("No approved template was found.")}</p>;
  return (
    <ul aria-label={tr("Templates")} className="scroll-thin max-h-52 divide-y overflow-y-auto rounded-md border">
      {rows.map((row) => (
        <li key={row.id}>
          <button type="button" aria-pressed={chosen === row.id} disabled={Boolean(row.problem)} title={trServer(row.problem)} onClick={() => onChoose(row.id)}
            className="block w-full px-3 py-2 text-start text-sm -outline-offset-2 hover:bg-hover disabled:opacity-55 aria-pressed:bg-accent-soft">
            <span className="flex items-center gap-2"><span className="min-w-0 flex-1 truncate font-medium">{row.name}</span><span className="flex-none text-xs text-muted">{row.language}</span></span>
            <span className="block truncate text-xs text-muted" dir="auto">{row.problem ? trServer(row.problem) : row.body}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

const names = { text: () => tr("Heading"), header: () => tr("Heading"), body: () => tr("Text"), button: () => tr("Button"), offer: () => tr("The offer ends"), location: () => tr("Place"), product: () => tr("Product") };
const hints = { products: () => tr("Ids of the products, with a comma between them"), product: () => tr("Id of the product in your catalogue"), catalog: () => tr("Id of your catalogue") };

function Slot({ slot, value, error, onChange }) {
  const place = names[slot.place]?.() ?? slot.place;
  const label = named(slot.name && slot.name !== slot.place ? `${place}: ${slot.name}` : place, slot.card + 1);
  return (
    <Field label={label} error={error} help={hints[slot.kind]?.()}>
      <input value={value ?? ""} required={slot.required} maxLength={slot.most} dir="auto" type={slot.kind === "time" ? "datetime-local" : "text"} inputMode={slot.kind === "number" ? "decimal" : undefined}
        placeholder={slot.sample} aria-invalid={Boolean(error)} onChange={(event) => onChange(event.target.value)} className={FIELD} />
    </Field>
  );
}

const kinds = { image: () => tr("Picture"), video: () => tr("Video"), document: () => tr("Document") };
const cardOf = (place) => Number(place.split(".")[1]) + 1;
const named = (text, card) => (card > 0 ? tr("Card {n}: {what}", { n: card, what: text }) : text);

function HeaderFile({ place, kind, file, error, onFile, onLibrary }) {
  const picker = useRef(null);
  const take = async (chosen, shrink = false) => {
    if (!chosen) return;
    const preview = chosen.type.startsWith("image/") ? URL.createObjectURL(chosen) : "";
    onFile({ name: chosen.name, preview, percent: 0 });
    const answer = await transfer(chosen, { shrink, onPercent: (percent) => onFile({ name: chosen.name, preview, percent }) }).done;
    onFile({ name: chosen.name, preview, key: answer.key, error: answer.error, smaller: answer.offer === "shrink" ? () => take(chosen, true) : null });
  };
  return (
    <div>
      <span className="mb-1 block text-sm font-medium">{named(kinds[kind](), place === "header" ? 0 : cardOf(place))}</span>
      <div className="flex items-center gap-2">
        <input ref={picker} type="file" hidden accept={ACCEPT[kind]} data-testid="template-file" onChange={(event) => { take(event.target.files[0]); event.target.value = ""; }} />
        <button type="button" onClick={() => picker.current.click()} className={PLAIN}>{tr("Upload")}</button>
        {onLibrary && <button type="button" onClick={() => onLibrary(place, kind)} className={PLAIN}>{tr("Media library")}</button>}
        {file && <span className="min-w-0 flex-1 truncate text-xs text-muted" dir="auto">{file.name} {file.key ? `· ${tr("Ready")}` : file.error ? "" : `· ${file.percent} %`}</span>}
      </div>
      <Wrong text={file?.error || error} />
      {file?.smaller && <button type="button" onClick={file.smaller} className="mt-1 text-xs font-medium underline underline-offset-2">{tr("Make it smaller")}</button>}
    </div>
  );
}

const BUTTON = "min-w-40 rounded-lg bg-bubble-out px-3 py-1.5 text-center text-sm font-medium text-accent-ink shadow-card";

function Shown({ kind, file }) {
  if (kind === "image") return file?.preview ? <img src={file.preview} alt="" className="mb-1.5 max-h-40 rounded-md" /> : <span className="mb-1.5 grid h-24 w-full min-w-40 place-items-center rounded-md bg-hover text-muted">{tr("Picture")}</span>;
  if (kind === "video" || kind === "document") return <span className="mb-1.5 flex items-center gap-2 rounded-md bg-hover p-2 text-xs"><FileText size={18} className="flex-none" aria-hidden="true" /><span dir="auto" className="truncate">{file?.name ?? kinds[kind]()}</span></span>;
  return null;
}

function Cards({ form, values, files }) {
  return (
    <ul aria-label={tr("Cards")} tabIndex={0} className="scroll-thin mt-1.5 flex gap-1.5 overflow-x-auto pb-1">
      {form.cards.map((card, at) => (
        <li key={at} className="w-44 flex-none rounded-lg bg-bubble-out p-2 text-sm shadow-card">
          <Shown kind={card.header} file={files[`cards.${at}`]} />
          <MessageText text={filledIn(card.body, `cards.${at}.body`, values, form.slots)} />
          {card.buttons.map(({ text, kind }, place) => <span key={place} dir="auto" className="mt-1 block truncate border-t pt-1 text-center text-xs font-medium text-accent-ink">{kind === "url" ? `↗ ${text}` : text}</span>)}
        </li>
      ))}
    </ul>
  );
}

function Preview({ form, values, files }) {
  const { slots } = form;
  return (
    <div aria-label={tr("Preview")} data-testid="template-preview" className="rounded-md bg-chat p-3">
      <Bubble className="ms-auto">
        <Shown kind={form.header} file={files.header} />
        {form.header === "text" && <p className="font-semibold" dir="auto">{filledIn(form.header_text, "header", values, slots)}</p>}
        {form.offer && <p className="mb-1.5 rounded-md bg-hover p-2 text-xs font-semibold" dir="auto">{form.offer}</p>}
        <MessageText text={filledIn(form.body, "body", values, slots)} />
        {form.footer && <p className="mt-1 text-xs text-muted" dir="auto">{form.footer}</p>}
      </Bubble>
      <div className="mt-1 flex flex-col items-end gap-1">{form.buttons.map(({ text, kind }, at) => <span key={at} dir="auto" className={BUTTON}>{kind === "url" ? `↗ ${text}` : text}</span>)}</div>
      {form.cards.length > 0 && <Cards form={form} values={values} files={files} />}
    </div>
  );
}

// What WhatsApp was shown is a good beginning: the server knows where it lies.
const filesOf = (form) => Object.fromEntries(form.files.filter(({ sample }) => sample).map(({ place, kind }) => [place, { key: "sample", name: tr("As in the sample"), kind }]));
const startOf = (form) => Object.fromEntries(form.slots.map((slot) => [slot.key, slot.suggestion ?? ""]));

// Finds a template, fills it in and hands { id, values, media_key, files } to `onUse`. `initial` is chosen from the beginning.
export function TemplateChooser({ initial, conversation, rows, form, errors, pending, label, attached, onFind, onChoose, onSync, onLibrary, onUse }) {
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(initial ?? 0);
  const [values, setValues] = useState({});
  const [files, setFiles] = useState({});
  const asking = useRef("header");
  const timer = useRef(null);
  useEffect(() => { onFind(conversation, ""); if (initial) onChoose(conversation, initial); return () => clearTimeout(timer.current); }, [conversation]);
  const shown = form?.id === chosen && chosen ? form : null;
  const setFile = (place, file) => setFiles((now) => ({ ...now, [place]: file }));
  useEffect(() => { if (shown) { setValues(startOf(shown)); setFiles(filesOf(shown)); } }, [shown?.id]);
  const seen = useRef(attached?.n);
  useEffect(() => {
    if (!attached || attached.n === seen.current) return;
    seen.current = attached.n;
    const [first] = attached.purpose === "template" ? attached.files : [];
    if (first) setFile(asking.current, { key: first.key, name: first.filename, preview: first.kind === "image" ? `/media/${first.key}` : "" });
  }, [attached?.n]);
  const search = (text) => {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFind(conversation, text), REST);
  };
  const choose = (id) => { setChosen(id); setFiles({}); onChoose(conversation, id); };
  const fromLibrary = (place, kind) => { asking.current = place; onLibrary(kind); };
  const isReady = shown && !shown.problem && shown.slots.every(({ key, required }) => !required || values[key]?.trim()) && shown.files.every(({ place }) => files[place]?.key);
  const time = (slot) => (slot.kind === "time" && values[slot.key] ? new Date(values[slot.key]).toISOString() : values[slot.key] ?? "");
  const use = () => onUse({ id: shown.id, values: Object.fromEntries(shown.slots.map((slot) => [slot.key, time(slot)])), media_key: files.header?.key ?? "", files: Object.fromEntries(shown.files.filter(({ place }) => place !== "header").map(({ place }) => [place, files[place].key])) });
  return (
    <div className="flex flex-col gap-3" data-testid="templates">
      <div className="flex gap-2">
        <input value={words} onChange={(event) => search(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); const first = rows?.find(({ problem }) => !problem); if (first) choose(first.id); } }}
          placeholder={tr("Search templates")} aria-label={tr("Search templates")} dir="auto" className={FIELD} />
        {onSync && <button type="button" onClick={() => onSync(conversation)} className={PLAIN} data-tip={tr("Fetch the templates from WhatsApp now")}><RotateCcw size={16} aria-hidden="true" /><span className="max-sm:sr-only">{tr("Sync")}</span></button>}
      </div>
      <Rows rows={rows} chosen={chosen} onChoose={choose} />
      {shown && (
        <>
          {shown.files.map(({ place, kind }) => (
            <HeaderFile key={place} place={place} kind={kind} file={files[place]} error={errors?.[place === "header" ? "media" : `${place}.media`]} onFile={(file) => setFile(place, file)} onLibrary={onLibrary && fromLibrary} />
          ))}
          {shown.slots.map((slot) => <Slot key={slot.key} slot={slot} value={values[slot.key]} error={errors?.[slot.key]} onChange={(value) => setValues((now) => ({ ...now, [slot.key]: value }))} />)}
          <Preview form={shown} values={values} files={files} />
          <Wrong text={trServer(shown.problem) || errors?.message || errors?.template} />
          <div className="flex justify-end"><button type="button" onClick={use} disabled={pending || !isReady} className={PRIMARY}>{label ?? tr("Send template")}</button></div>
        </>
      )}
    </div>
  );
}

// In the place of the box while the window is closed (`inline`), or over it at any time.
export default function Templates({ inline, onSend, onClose, ...rest }) {
  const chooser = <TemplateChooser {...rest} onUse={(template) => onSend({ template })} />;
  if (inline) return <div className="scroll-thin mt-2 max-h-[50dvh] overflow-y-auto">{chooser}</div>;
  return <Dialog open title={tr("Send a template")} width="560px" onClose={onClose}>{chooser}</Dialog>;
}
