import { lazy, Suspense, useEffect, useState } from "react";

const Viewer = lazy(() => import("./lightbox_viewer.jsx"));

// Opens the pictures around one of a conversation, from anywhere: `openLightbox(key)`.
export const openLightbox = (key) => window.dispatchEvent(new CustomEvent("wapto:lightbox", { detail: key }));

// Part of a page once; what it shows is fetched only when somebody opens a picture.
export function Lightbox() {
  const [opened, setOpened] = useState("");
  useEffect(() => {
    const open = (event) => setOpened(String(event.detail || ""));
    window.addEventListener("wapto:lightbox", open);
    return () => window.removeEventListener("wapto:lightbox", open);
  }, []);
  if (!opened) return null;
  return <Suspense fallback={null}><Viewer first={opened} onClose={() => setOpened("")} /></Suspense>;
}
