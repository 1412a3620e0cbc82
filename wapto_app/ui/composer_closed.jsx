import Lock from "lucide-react/dist/esm/icons/lock.mjs";
import { useEffect, useState } from "react";
import { tr } from "./i18n.jsx";

// Whether the customer service window is open, followed by the clock of the browser.
export function useOpenUntil(closesAt) {
  const left = () => (closesAt ? new Date(closesAt) - Date.now() : -1);
  const [open, setOpen] = useState(() => left() > 0);
  useEffect(() => {
    setOpen(left() > 0);
    if (left() <= 0) return undefined;
    const timer = setTimeout(() => setOpen(false), Math.min(left() + 250, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }, [closesAt]);
  return open;
}

// Why nothing at all can be sent, not even a template.
export function reasonToWait({ blocked, optedOut, connected }) {
  if (!connected) return tr("This number is not connected. Reconnect it under Integrations to write.");
  if (blocked) return tr("This contact is blocked. Unblock the contact to write to them.");
  if (optedOut) return tr("This contact asked not to receive messages.");
  return "";
}

export function whyClosed(neverWrote) {
  if (neverWrote) return tr("The customer has not written yet. WhatsApp allows only approved templates until they do.");
  return tr("More than 24 hours have passed since the customer's last message. WhatsApp allows only approved templates until they write again.");
}

export function Closed({ reason, children }) {
  return (
    <div data-testid="composer-closed">
      <div className="flex items-start gap-3 rounded-md bg-warning-soft px-3 py-2.5 text-sm text-warning-ink">
        <Lock size={18} aria-hidden="true" className="flex-none" /><p className="text-pretty">{reason}</p>
      </div>
      {children}
    </div>
  );
}
