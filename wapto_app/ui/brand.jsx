import { useSyncExternalStore } from "react";

// The built pages hold our own name; /brand.js, which no page waits for, says what this install is called.
const OURS = "Wapto";

function subscribe(listener) {
  window.addEventListener("wapto-brand", listener);
  return () => window.removeEventListener("wapto-brand", listener);
}

const known = () => (typeof window !== "undefined" && window.waptoBrand?.name) || "";
export const brandName = () => known() || OURS;
export const useBrandName = () => useSyncExternalStore(subscribe, brandName, () => OURS);

// Where the name is another one, /brand.css hides this until it is the right one.
export function BrandName({ className }) {
  const name = useBrandName();
  const isKnown = useSyncExternalStore(subscribe, () => known() !== "", () => false);
  return <span dir="auto" data-known={isKnown ? "" : undefined} className={`brand-name ${className ?? ""}`}>{name}</span>;
}
