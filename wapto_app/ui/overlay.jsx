import { useEffect, useId, useRef, useState } from "react";
import { tr } from "./i18n.jsx";

const isOpen = (element) => element?.open === true;
export const openDialog = (id) => document.getElementById(id)?.dispatchEvent(new CustomEvent("wapto:open"));
export const closeDialog = (id) => document.getElementById(id)?.close();

// Native <dialog>: focus trap, Escape, inert page and focus return come from the browser. The content exists only while
// it is open. `open` (from a state) rules when it is given; without it the dialog opens by its id.
export function Dialog({ id, open, title, label, description, kind, side, width, locked, onClose, footer, children }) {
  const dialog = useRef(null);
  const name = useId();
  const [shown, setShown] = useState(false);
  const [, redraw] = useState(0);
  const wanted = open ?? shown;

  useEffect(() => {
    const element = dialog.current;
    const show = () => setShown(true);
    element.addEventListener("wapto:open", show);
    return () => element.removeEventListener("wapto:open", show);
  }, []);

  useEffect(() => {
    const element = dialog.current;
    if (wanted && !isOpen(element)) {
      element.showModal();
      element.querySelector("[data-autofocus]")?.focus();
    }
    if (!wanted && isOpen(element)) element.close();
  }, [wanted]);

  const closed = () => {
    setShown(false);
    // Where a state rules, nothing else draws it again: its content would stay, with all that was typed.
    redraw((times) => times + 1);
    if (open !== false) onClose?.();
  };
  const dismiss = () => !locked && dialog.current.close();
  // A press that begins inside and ends on the backdrop (selecting text) must not close it.
  const pressed = useRef(false);

  return (
    <dialog
      ref={dialog} id={id} className="dialog" data-kind={kind ?? "dialog"} data-side={side}
      style={width ? { "--dialog-width": width } : undefined}
      aria-label={label} aria-labelledby={title ? `${name}t` : undefined} aria-describedby={description ? `${name}d` : undefined}
      onClose={(e) => e.target === dialog.current && closed()}
      onCancel={(e) => locked && e.preventDefault()}
      onPointerDown={(e) => { pressed.current = e.target === dialog.current; }}
      onClick={(e) => e.target === dialog.current && pressed.current && dismiss()}
    >
      {(wanted || isOpen(dialog.current)) && (
        <>
          {title && (
            <header className="flex items-start gap-3 px-5 pt-5 pb-3">
              <div className="min-w-0 flex-1">
                <h2 id={`${name}t`} className="text-base font-semibold text-balance">{title}</h2>
                {description && <p id={`${name}d`} className="mt-1 text-sm text-muted text-pretty">{description}</p>}
              </div>
              {!locked && (
                <button type="button" aria-label={tr("Close")} onClick={dismiss}
                  className="-me-2 -mt-1 grid size-8 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink">
                  <svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12" /></svg>
                </button>
              )}
            </header>
          )}
          <div className="scroll-thin min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3">{footer}</footer>}
        </>
      )}
    </dialog>
  );
}
