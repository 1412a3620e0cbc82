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
  const locale = read("wapto.locale");
  if (locale && locale !== "en") {
    root.lang = locale;
    root.dataset.words = "loading";
  }
})();
