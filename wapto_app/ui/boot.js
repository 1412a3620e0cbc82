// Runs before the first paint: what the reader chose last (narrow sidebar, language) must not flash in later.
(() => {
  const root = document.documentElement;
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  if (read("wapto.sidebar") === "icons") root.dataset.sidebar = "icons";
  // The inbox is the one page behind the sign-in that is not built ahead (its address names a conversation).
  if (/^\/inbox(\/|$)/.test(location.pathname)) root.dataset.place = "inbox";
  const locale = read("wapto.locale");
  if (locale && locale !== "en") {
    root.lang = locale;
    root.dataset.words = "loading";
  }
  // A file that is saved and a link to a mail program announce that the page is left, and then it stays. Reflex closes the
  // line to the server on that announcement: the page would hear of nothing, and its next click would load it anew, with
  // its dialogs closed. When a page really goes, "pagehide" closes the line.
  addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
})();
