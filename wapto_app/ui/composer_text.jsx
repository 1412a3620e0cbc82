import { useEffect } from "react";
import Bold from "lucide-react/dist/esm/icons/bold.mjs";
import Code from "lucide-react/dist/esm/icons/code.mjs";
import Italic from "lucide-react/dist/esm/icons/italic.mjs";
import Strikethrough from "lucide-react/dist/esm/icons/strikethrough.mjs";
import { tr } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";
import { Bubble, Tool } from "./composer_parts.jsx";

const MARKS = [
  ["*", Bold, () => tr("Bold")],
  ["_", Italic, () => tr("Italic")],
  ["~", Strikethrough, () => tr("Strikethrough")],
  ["```", Code, () => tr("Monospace")],
];

// The mark that a combination of keys stands for, as in WhatsApp itself.
export function markOf(event) {
  if (!event.ctrlKey && !event.metaKey) return undefined;
  const key = event.key.toLowerCase();
  return event.shiftKey ? { x: "~" }[key] : { b: "*", i: "_" }[key];
}

function caret(area, from, to) {
  requestAnimationFrame(() => { area.focus(); area.setSelectionRange(from, to); });
}

// Puts the marks around what is selected, or takes them away when they are there.
export function wrap(area, mark, write) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const [before, chosen, after] = [value.slice(0, from), value.slice(from, to), value.slice(to)];
  if (before.endsWith(mark) && after.startsWith(mark)) {
    write(before.slice(0, -mark.length) + chosen + after.slice(mark.length));
    caret(area, from - mark.length, to - mark.length);
  } else {
    write(before + mark + chosen + mark + after);
    caret(area, from + mark.length, to + mark.length);
  }
}

// Puts a piece in the place of what is selected, or of the `replaced` characters before the caret.
export function insert(area, piece, write, replaced = 0) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const start = from - replaced;
  write(value.slice(0, start) + piece + value.slice(to));
  caret(area, start + piece.length, start + piece.length);
}

// What is being typed that we can help with: "/word" as the whole of a message, "@word" before the caret of a note.
export function trigger(text, at, note) {
  const match = note ? /(?:^|\s)@([^\s@]{0,30})$/u.exec(text.slice(0, at)) : /^\/([^\s/]{0,32})$/u.exec(text);
  return match ? match[1] : null;
}

// `note`: the words in an empty box count too, and those of a note are longer.
export function useHeight(area, text, note) {
  useEffect(() => {
    const box = area.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  }, [text, note]);
}

export function Formatting({ area, text, write }) {
  return (
    <div className="mb-2 flex flex-col gap-2">
      <div role="toolbar" aria-label={tr("Formatting")} className="flex gap-0.5">
        {MARKS.map(([mark, glyph, label]) => <Tool key={mark} icon={glyph} size={18} label={label()} onClick={() => wrap(area.current, mark, write)} />)}
      </div>
      {text.trim() && (
        <div data-testid="composer-preview" aria-label={tr("Preview")} className="scroll-thin max-h-40 overflow-y-auto rounded-md bg-chat p-2">
          <Bubble className="ms-auto"><MessageText text={text.trim()} /></Bubble>
        </div>
      )}
    </div>
  );
}
