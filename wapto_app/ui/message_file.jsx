import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { openLightbox } from "./lightbox.jsx";
import { tr, trServer } from "./i18n.jsx";

const Audio = lazy(() => import("./audio.jsx"));
const address = (key) => `/media/${key}`;
const icon = { width: 18, height: 18, viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 2, strokeLinecap: "round", strokeLinejoin: "round", "aria-hidden": true };

function Missing({ words, onAgain }) {
  return (
    <div data-testid="missing-file" className="flex w-64 max-w-full flex-col items-start gap-2 rounded-md bg-hover/60 px-3 py-2.5 text-muted">
      <p className="flex gap-2"><svg {...icon} className="mt-0.5 flex-none"><path d="M15 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V7zM14 2v5h6M9.5 12.5l5 5m0-5-5 5" /></svg><span className="text-pretty">{words}</span></p>
      {onAgain && <button type="button" onClick={onAgain} className="h-8 rounded-md border bg-surface px-3 text-xs font-medium text-ink hover:bg-hover">{tr("Fetch again")}</button>}
    </div>
  );
}

function Document({ file, onMissing }) {
  // A link would save the error in the place of the file.
  const ask = async (event) => {
    event.preventDefault();
    const url = `${address(file.key)}?download=1`;
    const answer = await fetch(url, { method: "HEAD" }).catch(() => null);
    if (answer?.status === 404) { onMissing(); return; }
    const link = Object.assign(document.createElement("a"), { href: url, download: file.filename });
    document.body.append(link);
    link.click();
    link.remove();
  };
  return (
    <a href={`${address(file.key)}?download=1`} onClick={ask} className="flex w-64 max-w-full items-center gap-2 rounded-md bg-hover/60 px-3 py-2.5 hover:bg-hover">
      <svg {...icon} width="22" height="22" className="flex-none text-muted"><path d="M15 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V7zM14 2v5h6M9 13h6M9 17h6" /></svg>
      <span className="min-w-0 flex-1 truncate" dir="auto">{file.filename || tr("Document")}</span>
      <svg {...icon} width="16" height="16" className="flex-none text-muted"><path d="M12 3v12m-5-5 5 5 5-5M5 21h14" /></svg>
    </a>
  );
}

function Film({ src, onMissing }) {
  const film = useRef(null);
  // It may have failed before React shows it and listens.
  useEffect(() => { if (film.current.error) onMissing(); }, []);
  return <video ref={film} src={src} controls preload="metadata" onError={onMissing} className="max-h-80 max-w-full rounded-md" />;
}

// The file of a message. What is not there says so, and can be fetched again by who may write.
export function MessageFile({ file, type, may, onAgain }) {
  const [gone, setGone] = useState(false);
  useEffect(() => setGone(false), [file.key, file.state]);
  // A browser that cannot play something is no reason to say that it is gone.
  const check = async () => {
    const answer = await fetch(address(file.key), { method: "HEAD" }).catch(() => null);
    if (answer?.status === 404) setGone(true);
  };
  const again = may ? () => onAgain?.(file.key) : undefined;
  if (file.state === "pending") return <div role="status" aria-label={tr("Fetching the file")} className="h-40 w-56 max-w-full animate-pulse rounded-md bg-line" />;
  if (file.state !== "stored") return <Missing words={trServer(file.error) || tr("This file could not be fetched.")} onAgain={again} />;
  if (gone) return <Missing words={tr("This file is missing on the server.")} onAgain={again} />;
  if (type === "image" || type === "sticker") {
    const look = type === "image" ? "max-h-80 max-w-full rounded-md" : "size-32 object-contain";
    const picture = <img src={address(file.key)} alt={tr("Picture")} loading="lazy" data-testid="picture" onError={check} className={look} />;
    return type === "sticker" ? picture : <button type="button" aria-label={tr("Open the picture")} onClick={() => openLightbox(file.key)} className="block min-h-10 cursor-zoom-in rounded-md">{picture}</button>;
  }
  if (type === "video") return <Film src={address(file.key)} onMissing={check} />;
  if (type === "audio") return <Suspense fallback={<div className="h-9 w-72 max-w-full" />}><Audio src={address(file.key)} onMissing={check} /></Suspense>;
  return <Document file={file} onMissing={() => setGone(true)} />;
}
