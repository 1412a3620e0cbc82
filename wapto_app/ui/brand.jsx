import { useEffect, useState, useSyncExternalStore } from "react";

// The built pages hold our own name; /brand.js says what this install is called.
const OURS = "Wapto";
const never = () => () => {};

export const brandName = () => (typeof window !== "undefined" && window.waptoBrand?.name) || OURS;
export const useBrandName = () => useSyncExternalStore(never, brandName, () => OURS);

// Hidden by /brand.css until it is the right one.
export function BrandName({ className }) {
  const name = useBrandName();
  const [known, setKnown] = useState(false);
  useEffect(() => setKnown(true), []);
  return <span dir="auto" data-known={known ? "" : undefined} className={`brand-name ${className ?? ""}`}>{name}</span>;
}
