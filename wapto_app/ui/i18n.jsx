import { Fragment, useEffect, useSyncExternalStore } from "react";

const KEY = "wapto.locale";
const RTL = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);
const state = { locale: "en", words: {}, patterns: null };
const listeners = new Set();
let wanted = null;
let catalogs = {};

const subscribe = (listener) => (listeners.add(listener), () => listeners.delete(listener));
export const locale = () => state.locale;
export const useLocale = () => useSyncExternalStore(subscribe, locale, () => "en");

function fill(text, args) {
  if (!args) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = args[name];
    if (value === undefined || value === null) return name in args ? "" : whole;
    return typeof value === "number" ? value.toLocaleString(state.locale) : value;
  });
}

// The English text is the key.
export const tr = (text, args) => fill(state.words[text] || text, args);

export function trn(one, many, n, args) {
  const forms = state.words[`${one} | ${many}`];
  const form = new Intl.PluralRules(state.locale).select(n);
  const text = forms?.[form] || forms?.other || (n === 1 ? one : many);
  return fill(text, { ...args, n });
}

// Finished sentences from the server: "Your plan allows 5 tags." is found under "Your plan allows {limit} tags.".
export function trServer(text) {
  if (!text) return "";
  if (state.words[text]) return state.words[text];
  for (const [pattern, names, translation] of serverPatterns()) {
    const match = pattern.exec(text);
    if (match) return fill(translation, Object.fromEntries(names.map((name, i) => [name, part(match[i + 1])])));
  }
  return text;
}

// What fills a gap may be a sentence itself, such as Meta's reason; a single word is somebody's name.
function part(text) {
  return text.includes(" ") ? trServer(text) : text;
}

function serverPatterns() {
  state.patterns ??= Object.entries(state.words)
    .filter(([key, value]) => typeof value === "string" && value && /\{\w+\}/.test(key) && /[^\s{}\w]|\w{3}/.test(key.replace(/\{\w+\}/g, "")))
    .map(([key, value]) => {
      const names = [...key.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      const source = key.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)");
      return [new RegExp(`^${source}$`, "s"), names, value];
    });
  return state.patterns;
}

function remember(code) {
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // Storage may be off; the language then lasts until the next reload.
  }
}

const remembered = () => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

export async function setLocale(code) {
  wanted = code === "en" || catalogs[code] ? code : "en";
  remember(wanted);
  const chosen = wanted;
  let words = {};
  try {
    if (chosen !== "en") words = await (await fetch(catalogs[chosen])).json();
  } catch {
    // English is better than nothing; the next page load tries again.
  }
  if (chosen === wanted) apply(chosen, words);
}

function apply(code, words) {
  Object.assign(state, { locale: code, words, patterns: null });
  const root = document.documentElement;
  root.lang = code;
  root.dir = RTL.has(code.split("-")[0]) ? "rtl" : "ltr";
  delete root.dataset.words;
  listeners.forEach((listener) => listener());
}

const spoken = () => navigator.languages?.map((tag) => tag.split("-")[0]).find((code) => code === "en" || catalogs[code]);

// Around the whole app: a change of language draws it anew, so that every tr() is asked again. What is drawn first, on the
// server and in the browser, is English.
export const LocaleRoot = ({ children }) => <Fragment key={useLocale()}>{children}</Fragment>;

// `account`: the language of the account, empty until it is known; undefined before sign-in, where the browser's rules.
export function LocaleSync({ catalogs: known, account }) {
  useEffect(() => {
    catalogs = known;
    const code = account || remembered() || (account === undefined && spoken()) || "en";
    if (code !== (wanted ?? "en") || (code !== "en" && state.locale !== code)) setLocale(code);
    else delete document.documentElement.dataset.words;
  }, [account]);
  return null;
}
