import { useContext, useEffect, useRef, useState } from "react";
import { ColorModeContext, EventLoopContext } from "$/utils/context-registry";
import { Link, useLocation } from "react-router";
import { useBrandName } from "./brand.jsx";
import { tr } from "./i18n.jsx";

const SIDEBAR = "wapto.sidebar";

export function toggleSidebar() {
  const root = document.documentElement;
  if (root.dataset.sidebar === "icons") delete root.dataset.sidebar;
  else root.dataset.sidebar = "icons";
  try {
    localStorage.setItem(SIDEBAR, root.dataset.sidebar ?? "wide");
  } catch {
    // Not remembered then.
  }
}

// Says that the server is away once that has lasted longer than a reconnect takes.
export function OfflineBanner() {
  const [, errors] = useContext(EventLoopContext);
  const [online, setOnline] = useState(true);
  const [visible, setVisible] = useState(false);
  const lost = !online || errors.length > 0;
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    look();
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  useEffect(() => {
    if (!lost) {
      setVisible(false);
      return;
    }
    const timer = setTimeout(() => setVisible(true), 1200);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status">
      {visible && (
        <p className="flex items-center justify-center gap-2 bg-warning-soft px-4 py-1.5 text-sm text-warning-ink">
          <span className="size-2 animate-pulse-soft rounded-full bg-warning" />
          {tr("Connection lost, trying again. What you see may be out of date.")}
        </p>
      )}
    </div>
  );
}

// The first stop of the keyboard: past the navigation.
export function SkipLink({ className }) {
  const skip = (event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  };
  return <a href="#main" onClick={skip} className={className}>{tr("Skip to the content")}</a>;
}

// A tab that is a page. The server may or may not end its address with a slash.
export function TabLink({ to, ...rest }) {
  const bare = (path) => path.replace(/\/+$/, "");
  const here = bare(useLocation().pathname) === bare(to);
  const link = useRef(null);
  useEffect(() => {
    // The bar scrolls sideways on a phone; scrollIntoView would move the page as well.
    const bar = link.current?.parentElement;
    if (here && bar) bar.scrollLeft = link.current.offsetLeft - bar.offsetLeft - 16;
  }, [here]);
  return <Link ref={link} to={to} aria-current={here ? "page" : undefined} {...rest} />;
}

// The icon of the tab gets a dot while something is unread.
function useIconDot(wanted) {
  useEffect(() => {
    const link = document.querySelector('link[rel="icon"]');
    if (!link) return undefined;
    link.dataset.plain ??= link.getAttribute("href");
    link.dataset.unread = String(wanted);
    if (!wanted) {
      link.href = link.dataset.plain;
      return undefined;
    }
    const icon = new Image();
    icon.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
      const pen = canvas.getContext("2d");
      pen.drawImage(icon, 0, 0, 64, 64);
      pen.fillStyle = "#d92d20";
      pen.beginPath();
      pen.arc(48, 16, 15, 0, 2 * Math.PI);
      pen.fill();
      link.href = canvas.toDataURL();
    };
    icon.src = link.dataset.plain;
    return () => { icon.onload = null; };
  }, [wanted]);
}

// "(3) Inbox · Wapto"
export function PageTitle({ title, unread }) {
  const brand = useBrandName();
  useIconDot(unread > 0);
  useEffect(() => {
    const badge = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : "";
    document.title = `${badge}${title} · ${brand}`;
  }, [title, unread, brand]);
  return null;
}

const MODES = ["light", "dark", "system"];
const ICONS = {
  light: <><circle cx="12" cy="12" r="4" /><path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M6.3 17.7l-1.4 1.4M19.1 4.9l-1.4 1.4" /></>,
  dark: <path d="M21 12.8A9 9 0 1 1 11.2 3a7 7 0 0 0 9.8 9.8" />,
  system: <><rect x="2" y="3" width="20" height="14" rx="2" /><path d="M8 21h8M12 17v4" /></>,
};

const Icon = ({ mode }) => (
  <svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">{ICONS[mode]}</svg>
);

// Three states in a row: light, dark, as the device.
export function ThemeSwitch({ className }) {
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);
  const names = { light: tr("Light"), dark: tr("Dark"), system: tr("As the device") };
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = MODES[(MODES.indexOf(rawColorMode) + step + MODES.length) % MODES.length];
    setColorMode(next);
    event.currentTarget.querySelector(`[data-mode="${next}"]`)?.focus();
  };
  return (
    <div role="radiogroup" aria-label={tr("Appearance")} onKeyDown={keys} className={`inline-flex rounded-lg bg-hover p-0.5 ${className ?? ""}`}>
      {MODES.map((mode) => (
        <button key={mode} type="button" role="radio" data-mode={mode} aria-checked={rawColorMode === mode} aria-label={names[mode]} data-tip={names[mode]}
          tabIndex={rawColorMode === mode ? 0 : -1} onClick={() => setColorMode(mode)}
          className="grid h-7 w-8 place-items-center rounded-md text-muted hover:text-ink aria-checked:bg-raised aria-checked:text-ink aria-checked:shadow-card">
          <Icon mode={mode} />
        </button>
      ))}
    </div>
  );
}

// One press: from what is seen now to the other one.
export function ThemeButton({ className }) {
  const { resolvedColorMode, setColorMode } = useContext(ColorModeContext);
  const next = resolvedColorMode === "dark" ? "light" : "dark";
  const name = next === "dark" ? tr("Use the dark theme") : tr("Use the light theme");
  return (
    <button type="button" aria-label={name} data-tip={name} onClick={() => setColorMode(next)} className={className}>
      <span className="dark:hidden"><Icon mode="dark" /></span>
      <span className="hidden dark:block"><Icon mode="light" /></span>
    </button>
  );
}
