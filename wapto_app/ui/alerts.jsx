import { useEffect } from "react";
import { useNavigate } from "react-router";
import { tr } from "./i18n.jsx";

const ALERTED = "wapto.alerted";
const supported = () => typeof window !== "undefined" && "Notification" in window;
const allowed = () => supported() && Notification.permission === "granted";

// Of several tabs one shows it, and a reload shows nothing again.
function claim(id) {
  try {
    const shown = JSON.parse(localStorage.getItem(ALERTED)) ?? [];
    if (shown.includes(id)) return false;
    localStorage.setItem(ALERTED, JSON.stringify([...shown.slice(-49), id]));
  } catch {
    // Without storage the tag keeps the browser from showing it twice.
  }
  return true;
}

let audio;
export function ring() {
  try {
    audio ??= new AudioContext();
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    const now = audio.currentTime;
    tone.frequency.setValueAtTime(660, now);
    tone.frequency.setValueAtTime(880, now + 0.12);
    volume.gain.setValueAtTime(0.08, now);
    volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.35);
    tone.connect(volume).connect(audio.destination);
    tone.start(now);
    tone.stop(now + 0.36);
  } catch {
    // A browser that nobody has clicked in makes no sound.
  }
}

const isLookedAt = (href) => href.startsWith("/inbox/") && document.hasFocus() && location.pathname.replace(/\/+$/, "") === href;

// Shows each of the state's alerts once, unless somebody is looking at the very conversation. The sentences are fetched
// with the first one.
export function DesktopAlerts({ items, sound }) {
  const navigate = useNavigate();
  useEffect(() => {
    if (!allowed() || !items?.length) return;
    const fresh = items.filter((item) => !isLookedAt(item.href) && claim(item.id));
    if (!fresh.length) return;
    if (sound) ring();
    import("./notifications.jsx").then(({ sentence }) => {
      for (const { id, kind, args, customer, text, href } of fresh) {
        const shown = new Notification(sentence(kind, args, customer), { body: text, tag: id, icon: "/favicon.svg", silent: true });
        shown.onclick = () => {
          window.focus();
          navigate(href);
          shown.close();
        };
      }
    });
  }, [items]);
  return null;
}

// The test button: in a browser that refuses, it says so.
export async function tryAlert() {
  const { notify } = await import("./notices.jsx");
  ring();
  if (!allowed()) {
    notify("warning", tr("You hear the sound. Notifications are not allowed in this browser yet: switch them on above."));
    return;
  }
  new Notification(tr("This is how it looks"), { body: tr("A customer's message stands here."), tag: "wapto-test", icon: "/favicon.svg", silent: true });
}
