import { useEffect, useSyncExternalStore } from "react";
import { locale, tr } from "./i18n.jsx";

// Forms that a route answers with JSON: a password never passes through a screen's state. What a form knows lives here by
// its id, so that its fields, its button and the page around it can each read their part.
const NEW = { errors: {}, busy: false, done: false, data: {} };
const forms = new Map();
const listeners = new Set();
const subscribe = (listener) => (listeners.add(listener), () => listeners.delete(listener));
const read = (id) => forms.get(id) ?? NEW;

function put(id, change) {
  forms.set(id, { ...read(id), ...change });
  listeners.forEach((listener) => listener());
}

export const useAuthForm = (id) => useSyncExternalStore(subscribe, () => read(id), () => NEW);

// While it is on the page, these forms keep what they were answered; afterwards nothing of it is left.
export function Forget({ ids }) {
  useEffect(() => () => ids.forEach((id) => put(id, NEW)), []);
  return null;
}

// What is typed under one tab of the sign-in page is not typed again under the other.
let address = "";

const controls = (form) => [...form.elements].filter((element) => element.name);

function empty(form) {
  const missing = controls(form).filter((element) => element.required && element.value === "");
  return Object.fromEntries(missing.map((element) => [element.name, tr("Fill this in.")]));
}

function values(form) {
  return Object.fromEntries(controls(form).map((element) => [element.name, element.type === "checkbox" ? element.checked : element.value]));
}

// What the form sends besides what was typed.
function context(extra, token, zone) {
  const sent = { ...extra };
  const next = new URLSearchParams(location.search).get("next");
  if (next && (extra?.door || extra?.next === "")) sent.next = next;
  if (token) sent.token = tokenOf(token);
  if (zone) Object.assign(sent, { time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? "", locale: locale() });
  return sent;
}

function tokenOf(place) {
  if (place === "query") return new URLSearchParams(location.search).get("token") ?? "";
  return decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1) ?? "");
}

async function ask(action, body) {
  try {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const response = await fetch(action, { method: "POST", headers, body: JSON.stringify(body) });
    if (response.status === 401) return { go: "/login" };
    const answer = await response.json().catch(() => ({}));
    if (response.ok || answer.errors) return answer;
    return { errors: { "": tr("Something went wrong on our side. Try again.") } };
  } catch {
    return { errors: { "": tr("The server does not answer. Check your connection and try again.") } };
  }
}

export function AuthForm({ id, action, extra, token, zone, onDone, className, children }) {
  useEffect(() => {
    put(id, NEW);
    const field = document.getElementById(id)?.elements.namedItem("email");
    if (field && !field.value && field.autocomplete === "username") field.value = address;
  }, [id]);

  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (read(id).busy) return;
    const missing = empty(form);
    put(id, { errors: missing, done: false });
    if (Object.keys(missing).length > 0) return;
    put(id, { busy: true });
    const answer = await ask(action, { ...values(form), ...context(extra, token, zone) });
    if (answer.go) {
      // Loaded anew, so that the page's websocket carries the new cookie; the button stays busy meanwhile.
      location.assign(answer.go);
      return;
    }
    put(id, { busy: false, errors: answer.errors ?? {}, done: !answer.errors, data: answer.errors ? {} : answer });
    if (answer.errors) return;
    form.reset();
    onDone?.();
  };

  const typed = (event) => {
    if (event.target.name === "email" && event.target.autocomplete === "username") address = event.target.value;
  };

  return (
    <form id={id} action={action} method="post" noValidate onSubmit={submit} onInput={typed} className={className}>
      {children}
    </form>
  );
}
