import { useEffect, useRef } from "react";
import { place } from "./menu.jsx";

const WAIT = 350;

// data-tip-narrow speaks only while the sidebar shows icons alone.
const textOf = (element) =>
  element?.dataset.tip ?? (document.documentElement.dataset.sidebar === "icons" ? element?.dataset.tipNarrow : undefined);

// One tooltip for the page: it serves every element that carries data-tip.
export function TooltipHost() {
  const box = useRef(null);
  useEffect(() => {
    let timer;
    let target = null;
    const hide = () => {
      clearTimeout(timer);
      if (target && box.current?.matches(":popover-open")) box.current.hidePopover();
      target?.removeAttribute("aria-describedby");
      target = null;
    };
    const show = () => {
      const text = textOf(target);
      if (!text || !target.isConnected || !box.current) return;
      box.current.textContent = text;
      box.current.showPopover();
      place(box.current, target.getBoundingClientRect(), target.dataset.tipSide ?? "bottom", "center");
      if (target.getAttribute("aria-label") !== text && target.dataset.tip) target.setAttribute("aria-describedby", box.current.id);
    };
    const enter = (event) => {
      const next = event.target.closest?.("[data-tip], [data-tip-narrow]");
      if (next === target) return;
      hide();
      if (!next || (event.type === "focusin" && !next.matches(":focus-visible"))) return;
      target = next;
      timer = setTimeout(show, event.type === "focusin" ? 0 : WAIT);
    };
    // What is only about to be shown finds its place when it is.
    const scrolled = () => box.current?.matches(":popover-open") && hide();
    const key = (event) => event.key === "Escape" && hide();
    const gone = (event) => target && !target.contains(event.relatedTarget) && hide();
    const events = [["pointerover", enter], ["focusin", enter], ["pointerout", gone], ["focusout", gone], ["pointerdown", hide], ["scroll", scrolled], ["keydown", key]];
    events.forEach(([name, handler]) => document.addEventListener(name, handler, true));
    return () => events.forEach(([name, handler]) => document.removeEventListener(name, handler, true));
  }, []);
  return <div ref={box} id="wapto-tip" role="tooltip" popover="manual" className="tip" />;
}
