import { useEffect, useRef, useState } from "react";
import MapPin from "lucide-react/dist/esm/icons/map-pin.mjs";
import { tr, trServer } from "./i18n.jsx";
import { Dialog } from "./overlay.jsx";
import { Bubble, Field, FIELD, PLAIN, PRIMARY, Wrong } from "./composer_parts.jsx";

const REST = 300;

// A place by its coordinates or the link of a map, which the server reads while it is typed.
export default function PlaceForm({ initial, place, errors, pending, onLook, onSend, onClose }) {
  const [where, setWhere] = useState(initial ? `${initial.latitude}, ${initial.longitude}` : "");
  const [name, setName] = useState(initial?.name ?? "");
  const [address, setAddress] = useState(initial?.address ?? "");
  const timer = useRef(null);
  useEffect(() => { if (where) onLook(where); return () => clearTimeout(timer.current); }, []);
  const write = (text) => {
    setWhere(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onLook(text), REST);
  };
  const known = where.trim() && place?.asked === where;
  const found = known && !place.error ? place : null;
  const send = () => onSend({ place: { latitude: found.latitude, longitude: found.longitude, name, address } });
  return (
    <Dialog open title={tr("Send a location")} width="480px" onClose={onClose}
      footer={<><button type="button" onClick={onClose} className={PLAIN}>{tr("Cancel")}</button><button type="button" onClick={send} disabled={pending || !found} className={PRIMARY}>{tr("Send")}</button></>}>
      <div className="flex flex-col gap-4">
        <Field label={tr("Where")} help={tr("Coordinates such as 48.8584, 2.2945, or the link of a map.")} error={known ? trServer(place.error) : ""}>
          <input value={where} data-autofocus="true" dir="ltr" onChange={(event) => write(event.target.value)} aria-invalid={Boolean(known && place.error)} className={FIELD} />
        </Field>
        <Field label={tr("Name (optional)")}><input value={name} maxLength={200} dir="auto" onChange={(event) => setName(event.target.value)} className={FIELD} /></Field>
        <Field label={tr("Address (optional)")}><input value={address} maxLength={300} dir="auto" onChange={(event) => setAddress(event.target.value)} className={FIELD} /></Field>
        {found && (
          <div aria-label={tr("Preview")} className="rounded-md bg-chat p-3">
            <Bubble className="ms-auto flex items-center gap-2.5">
              <MapPin size={20} aria-hidden="true" className="flex-none text-accent-ink" />
              <span><span className="block font-medium" dir="auto">{name || tr("Location")}</span>{address && <span className="block text-xs text-muted" dir="auto">{address}</span>}<span className="block text-xs text-muted tabular-nums">{found.latitude}, {found.longitude}</span></span>
            </Bubble>
          </div>
        )}
        <Wrong text={errors?.place ?? errors?.message} />
      </div>
    </Dialog>
  );
}
