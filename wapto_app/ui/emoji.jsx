import { useEffect, useRef, useState } from "react";
import { tr } from "./i18n.jsx";
import { Icon } from "./composer_icons.jsx";

const EMOJI = "😀 😃 😄 😁 😆 😅 😂 🤣 🙂 😉 😊 😇 🥰 😍 😘 😋 😜 🤗 🤔 🤐 😐 😏 🙄 😬 😌 😔 😴 😷 🤒 🥵 🥳 😎 🤓 😕 😟 😮 😳 🥺 😢 😭 😱 😡 👍 👎 👌 ✌️ 🤞 🤙 👋 👏 🙌 🙏 🤝 💪 ✍️ 👀 ❤️ 🧡 💛 💚 💙 💜 🖤 💔 ✨ ⭐ 🔥 🎉 🎁 🎂 ☕ 🍕 🍽️ 🏠 🏢 🏖️ 🚗 🚚 ✈️ 📦 📍 📞 📱 💻 📷 📄 📅 ⏰ 💰 💳 🧾 ✅ ❌ ❓ ❗ ⚠️ 💡 🔑 🔔 ☀️ 🌧️ ❄️ 🌱 🌹 🐶 🐱".split(" ");

export function EmojiButton({ onPick }) {
  const [open, setOpen] = useState(false);
  const root = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event) => { if (!root.current?.contains(event.target)) setOpen(false); };
    const escape = (event) => { if (event.key === "Escape") setOpen(false); };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", escape);
    return () => { document.removeEventListener("pointerdown", away); document.removeEventListener("keydown", escape); };
  }, [open]);
  return (
    <div ref={root} className="relative">
      <button type="button" onClick={() => setOpen(!open)} aria-expanded={open} aria-label={tr("Emoji")} data-tip={tr("Emoji")} className="grid size-9 place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"><Icon name="smile" /></button>
      {open && (
        <div role="group" aria-label={tr("Emoji")} className="scroll-thin absolute start-0 bottom-11 z-20 grid max-h-56 w-72 grid-cols-8 overflow-y-auto rounded-lg bg-raised p-2 shadow-pop">
          {EMOJI.map((emoji) => <button key={emoji} type="button" aria-label={emoji} onClick={() => onPick(emoji)} className="grid size-8 place-items-center rounded-md text-lg hover:bg-hover">{emoji}</button>)}
        </div>
      )}
    </div>
  );
}
