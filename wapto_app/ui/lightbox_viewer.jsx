import { useEffect, useRef, useState } from "react";
import { locale, tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";

const STEPS = [1, 1.5, 2, 3, 4];
const address = (key) => `/media/${key}`;

function usePictures(first) {
  const [pictures, setPictures] = useState([{ key: first, type: "image", name: "", caption: "", at: "" }]);
  useEffect(() => {
    const gone = new AbortController();
    fetch(`/media/${first}/around`, { signal: gone.signal })
      .then((answer) => (answer.ok ? answer.json() : { pictures: [] }))
      .then((found) => found.pictures.length && setPictures(found.pictures))
      .catch(() => {});  // alone, it is shown all the same
    return () => gone.abort();
  }, [first]);
  return pictures;
}

function Press({ label, onClick, disabled, d, className }) {
  return (
    <button type="button" aria-label={label} data-tip={label} onClick={onClick} disabled={disabled} className={`grid size-10 flex-none place-items-center rounded-full text-white/85 enabled:hover:bg-white/15 disabled:opacity-30 ${className ?? ""}`}>
      <svg width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d={d} /></svg>
    </button>
  );
}

// Moved by the pointer while it is larger than the screen.
function Picture({ picture, zoom, onZoom }) {
  const [offset, setOffset] = useState({ x: 0, y: 0 });
  const held = useRef(null);
  useEffect(() => setOffset({ x: 0, y: 0 }), [picture.key, zoom === 1]);
  const hold = (event) => { if (zoom > 1) { held.current = { x: event.clientX - offset.x, y: event.clientY - offset.y }; event.currentTarget.setPointerCapture(event.pointerId); } };
  const drag = (event) => { if (held.current) setOffset({ x: event.clientX - held.current.x, y: event.clientY - held.current.y }); };
  if (picture.type === "video") return <video key={picture.key} src={address(picture.key)} controls autoPlay className="max-h-full max-w-full" />;
  return (
    <img key={picture.key} src={address(picture.key)} alt={picture.caption || picture.name || tr("Picture")} draggable={false} data-testid="lightbox-picture"
      onDoubleClick={() => onZoom(zoom > 1 ? 1 : 2)} onPointerDown={hold} onPointerMove={drag} onPointerUp={() => { held.current = null; }}
      style={{ transform: `translate(${offset.x}px, ${offset.y}px) scale(${zoom})`, cursor: zoom > 1 ? "grab" : "zoom-in", touchAction: zoom > 1 ? "none" : "auto" }}
      className="max-h-full max-w-full object-contain transition-transform duration-100 select-none" />
  );
}

export default function Viewer({ first, onClose }) {
  const dialog = useRef(null);
  const pictures = usePictures(first);
  const [key, setKey] = useState(first);
  const [zoom, setZoom] = useState(1);
  const swipe = useRef(null);
  const at = Math.max(pictures.findIndex((each) => each.key === key), 0);
  const picture = pictures[at];

  useEffect(() => { if (!dialog.current.open) dialog.current.showModal(); }, []);
  const go = (step) => {
    const next = pictures[at + step];
    if (next) { setKey(next.key); setZoom(1); }
  };
  const zoomBy = (step) => setZoom((now) => STEPS[Math.min(Math.max(STEPS.indexOf(now) + step, 0), STEPS.length - 1)]);
  const forward = document.dir === "rtl" ? -1 : 1;
  const onKeyDown = (event) => {
    const deed = { ArrowRight: () => go(forward), ArrowLeft: () => go(-forward), "+": () => zoomBy(1), "=": () => zoomBy(1), "-": () => zoomBy(-1), 0: () => setZoom(1) }[event.key];
    // A film has keys of its own.
    if (!deed || event.ctrlKey || event.metaKey || event.target.tagName === "VIDEO") return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  };
  const onPointerUp = (event) => {
    const moved = swipe.current === null ? 0 : event.clientX - swipe.current;
    swipe.current = null;
    if (event.pointerType === "touch" && zoom === 1 && Math.abs(moved) > 60) go(moved < 0 ? forward : -forward);
  };

  return (
    <dialog ref={dialog} aria-label={tr("Pictures of this conversation")} data-testid="lightbox" onClose={onClose} onKeyDown={onKeyDown}
      className="fixed inset-0 m-0 h-dvh max-h-none w-screen max-w-none bg-black/92 p-0 text-white backdrop:bg-transparent">
      <div className="flex h-full flex-col">
        <header className="flex items-center gap-1 px-3 py-2">
          <p className="min-w-0 flex-1 truncate ps-2 text-sm text-white/85" dir="auto">{picture.at ? new Date(picture.at).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" }) : picture.name}</p>
          <span role="status" className="px-2 text-sm text-white/70 tabular-nums">{pictures.length > 1 ? tr("{n} of {all}", { n: at + 1, all: pictures.length }) : ""}</span>
          <span className="flex max-sm:hidden">
            <Press label={tr("Smaller")} onClick={() => zoomBy(-1)} disabled={zoom === 1} d="M5 12h14" />
            <Press label={tr("Larger")} onClick={() => zoomBy(1)} disabled={zoom === STEPS.at(-1) || picture.type === "video"} d="M5 12h14M12 5v14" />
          </span>
          <a href={`${address(picture.key)}?download=1`} download aria-label={tr("Download")} data-tip={tr("Download")} className="grid size-10 place-items-center rounded-full text-white/85 hover:bg-white/15"><svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d="M12 3v12m-5-5 5 5 5-5M5 21h14" /></svg></a>
          <Press label={tr("Close")} onClick={() => dialog.current.close()} d="M18 6 6 18M6 6l12 12" />
        </header>
        <div className="relative flex min-h-0 flex-1 items-center justify-center overflow-hidden px-2 sm:px-16"
          onPointerDown={(event) => { swipe.current = event.clientX; }} onPointerUp={onPointerUp}
          onClick={(event) => event.target === event.currentTarget && dialog.current.close()}>
          <Picture picture={picture} zoom={zoom} onZoom={setZoom} />
          <Press label={tr("Previous picture")} onClick={() => go(-1)} disabled={at === 0} d="m15 18-6-6 6-6" className="mirror absolute start-3 max-sm:hidden" />
          <Press label={tr("Next picture")} onClick={() => go(1)} disabled={at >= pictures.length - 1} d="m9 18 6-6-6-6" className="mirror absolute end-3 max-sm:hidden" />
        </div>
        {picture.caption && <div className="scroll-thin max-h-24 overflow-y-auto px-6 py-3 text-center text-sm"><MessageText text={picture.caption} /></div>}
      </div>
    </dialog>
  );
}
