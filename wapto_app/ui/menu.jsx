import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";

const GAP = 4;
const EDGE = 8;
const ITEMS = '[role^="menuitem"]:not([aria-disabled="true"])';
const useBrowserLayoutEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

// Beside the anchor, flipped when there is more room on the other side, never outside the window.
export function place(box, anchor, side, align) {
  const { width, height } = box.getBoundingClientRect();
  const rtl = document.documentElement.dir === "rtl";
  const [w, h] = [document.documentElement.clientWidth, window.innerHeight];
  const clamp = (value, max) => Math.max(EDGE, Math.min(value, max - EDGE));
  let top;
  let left;
  if (side === "end") {
    top = align === "center" ? (anchor.top + anchor.bottom - height) / 2 : anchor.top;
    left = rtl ? anchor.left - GAP - width : anchor.right + GAP;
  } else {
    const below = anchor.bottom + GAP;
    const above = anchor.top - GAP - height;
    const fits = below + height <= h - EDGE;
    top = side === "top" ? (above >= EDGE ? above : below) : fits || above < EDGE ? below : above;
    const end = (align === "end") !== rtl;
    left = align === "center" ? (anchor.left + anchor.right - width) / 2 : end ? anchor.right - width : anchor.left;
  }
  box.style.left = `${clamp(left, w - width)}px`;
  box.style.top = `${clamp(top, h - height)}px`;
}

function move(box, event) {
  const items = [...box.querySelectorAll(ITEMS)];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[(to + items.length) % items.length]?.focus();
  } else if (event.key === "Tab") {
    box.hidePopover();
  } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
    const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    rest.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
}

// A native popover (top layer, light dismiss, Escape, focus return); this adds place and arrow keys.
// kind "menu": arrow keys and roles of a menu. kind "dialog": any content.
export function Popup({ kind, label, side, align, context, className, trigger, children, onOpenChange }) {
  const id = useId();
  const holder = useRef(null);
  const box = useRef(null);
  const [open, setOpen] = useState(false);
  const [anchor, setAnchor] = useState(null);
  const isMenu = kind !== "dialog";
  const opener = () => holder.current?.querySelector("button, [role=button], a") ?? holder.current;

  useEffect(() => {
    if (context) return;
    const element = opener();
    element.setAttribute("aria-haspopup", isMenu ? "menu" : "dialog");
    element.setAttribute("aria-expanded", String(open));
    if (open) element.setAttribute("aria-controls", id);
    else element.removeAttribute("aria-controls");
  });

  useBrowserLayoutEffect(() => {
    if (!open) return;
    const element = box.current;
    const put = () => place(element, anchor ?? opener().getBoundingClientRect(), side, align);
    element.showPopover();
    put();
    (isMenu ? (element.querySelector(`${ITEMS}[aria-checked="true"]`) ?? element.querySelector(ITEMS)) : element.querySelector("[data-autofocus]"))?.focus({ preventScroll: true });
    window.addEventListener("resize", put);
    // What is fetched when it opens makes it grow, perhaps out of the window.
    const grown = new ResizeObserver(put);
    grown.observe(element);
    return () => {
      window.removeEventListener("resize", put);
      grown.disconnect();
    };
  }, [open, anchor]);

  const change = (next) => {
    setOpen(next);
    onOpenChange?.(next);
  };
  // The press that dismisses the popover must not open it again.
  const wasOpen = useRef(false);
  const handlers = context
    ? { onContextMenu: (e) => { e.preventDefault(); setAnchor(new DOMRect(e.clientX, e.clientY, 0, -GAP)); change(true); } }
    : {
        onPointerDown: () => { wasOpen.current = open; },
        onClick: (e) => {
          if (box.current?.contains(e.target)) return;
          const again = wasOpen.current && e.detail > 0;
          wasOpen.current = false;
          if (!again) change(!open);
        },
        onKeyDown: (e) => {
          if (isMenu && !open && (e.key === "ArrowDown" || e.key === "ArrowUp")) { e.preventDefault(); change(true); }
        },
      };

  return (
    <>
      <span ref={holder} className="contents" {...handlers}>{trigger}</span>
      {open && (
        <div
          ref={box} id={id} popover="auto" tabIndex={-1} role={isMenu ? "menu" : "dialog"} aria-label={label}
          className={`popover ${className ?? ""}`}
          onToggle={(e) => e.target === box.current && e.newState === "closed" && change(false)}
          onKeyDown={(e) => isMenu && move(box.current, e)}
          onClick={(e) => {
            const chosen = e.target.closest?.(isMenu ? '[role^="menuitem"]' : "[data-close]");
            if (chosen && chosen.getAttribute("aria-disabled") !== "true") box.current?.hidePopover();
          }}
          onContextMenu={(e) => e.preventDefault()}
        >
          {children}
        </div>
      )}
    </>
  );
}
