import { useEffect } from "react";

// Tells the server that somebody really looks at what has arrived.
export function Seen({ conversation, unread, onSeen }) {
  useEffect(() => {
    if (!unread || !conversation) return undefined;
    const look = () => { if (document.visibilityState === "visible" && document.hasFocus()) onSeen?.(); };
    look();
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, [conversation, unread]);
  return null;
}
