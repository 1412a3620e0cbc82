import { useEffect, useState } from "react";
import { tr, trn } from "./i18n.jsx";

// Some seconds in which what was sent can be taken back.
export function UndoBar({ sent, onUndo, onOver }) {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!sent) return undefined;
    const look = () => {
      const now = Math.ceil((sent.until - Date.now()) / 1000);
      setLeft(now);
      if (now <= 0) onOver(sent);
    };
    look();
    const timer = setInterval(look, 200);
    return () => clearInterval(timer);
  }, [sent]);
  if (!sent || left <= 0) return null;
  return (
    <div role="status" data-testid="undo-bar" className="mb-2 flex items-center gap-3 rounded-md bg-hover px-3 py-1.5 text-sm">
      <span className="flex-1">{trn("Leaves in {n} second", "Leaves in {n} seconds", left)}</span>
      <button type="button" onClick={() => onUndo(sent)} className="rounded-md px-2 py-1 font-medium text-accent-ink hover:bg-surface">{tr("Undo")}</button>
    </div>
  );
}
