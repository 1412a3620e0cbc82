import { useMemo, useSyncExternalStore } from "react";
import { tr, trServer } from "./i18n.jsx";

// What is attached in which conversation: kept while the tab is open, also when another conversation is shown meanwhile.
const shelves = new Map();
const running = new Map();
const listeners = new Set();
const NONE = [];
let counter = 0;

const subscribe = (listener) => (listeners.add(listener), () => listeners.delete(listener));
export const filesOf = (conversation) => shelves.get(conversation) ?? NONE;

export function putFiles(conversation, files) {
  if (files.length) shelves.set(conversation, files);
  else shelves.delete(conversation);
  listeners.forEach((listener) => listener());
}

const patch = (conversation, id, change) => putFiles(conversation, filesOf(conversation).map((file) => (file.id === id ? { ...file, ...change } : file)));

// Hands one file to the server; `done` is its answer, or { error, again, offer }: `again` when another try may help,
// `offer` "shrink" when it would be taken if it were smaller.
export function transfer(file, { voice = false, shrink = false, onPercent } = {}) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.upload.onprogress = (event) => { if (event.lengthComputable) onPercent?.(Math.round((event.loaded / event.total) * 100)); };
    request.onload = () => resolve(request.status < 300 ? JSON.parse(request.responseText) : { ...refusalOf(request), again: request.status >= 500 });
    request.onerror = () => resolve({ error: tr("The upload was interrupted."), again: true });
    request.onabort = () => resolve({ error: "" });
    request.open("POST", shrink ? "/media?shrink=1" : "/media");
    request.setRequestHeader("X-Filename", encodeURIComponent(file.name));
    if (voice) request.setRequestHeader("X-Voice", "1");
    request.send(file);
  });
  return { request, done };
}

function refusalOf(request) {
  try {
    const { error, offer } = JSON.parse(request.responseText);
    return { error: trServer(error), offer };
  } catch {
    return { error: tr("The server could not take this file.") };
  }
}

async function start(conversation, id, file, shrink = false) {
  patch(conversation, id, { error: "", again: false, offer: "", percent: 0 });
  const { request, done } = transfer(file, { shrink, onPercent: (percent) => patch(conversation, id, { percent }) });
  running.set(id, request);
  const answer = await done;
  running.delete(id);
  if (answer.key) patch(conversation, id, { key: answer.key, kind: answer.kind, name: answer.filename, size: answer.size, before: file.size });
  else if (answer.error) patch(conversation, id, { error: answer.error, again: answer.again, offer: answer.offer });
}

const isPicture = (type) => type.startsWith("image/") && type !== "image/svg+xml";

function add(conversation, list) {
  for (const file of list) {
    const id = ++counter;
    const preview = isPicture(file.type) ? URL.createObjectURL(file) : "";
    putFiles(conversation, [...filesOf(conversation), { id, file, name: file.name, size: file.size, preview, percent: 0, caption: "" }]);
    start(conversation, id, file);
  }
}

// A file that the server has already, such as one of the library: { key, filename, kind, size }.
export const asReady = ({ key, filename, kind, size, caption = "", voice = false }) => ({
  id: ++counter, key, name: filename, kind, size, caption, voice, preview: kind === "image" ? `/media/${key}` : "",
});

export function addReady(conversation, list) {
  putFiles(conversation, [...filesOf(conversation), ...list.map(asReady)]);
}

function move(conversation, id, by) {
  const files = [...filesOf(conversation)];
  const at = files.findIndex((file) => file.id === id);
  const to = Math.min(files.length - 1, Math.max(0, at + by));
  files.splice(to, 0, ...files.splice(at, 1));
  putFiles(conversation, files);
}

function remove(conversation, id) {
  running.get(id)?.abort();
  forget(filesOf(conversation).filter((file) => file.id === id));
  putFiles(conversation, filesOf(conversation).filter((file) => file.id !== id));
}

// Their pictures are not needed any more.
export function forget(files) {
  files.forEach((file) => file.preview.startsWith("blob:") && URL.revokeObjectURL(file.preview));
}

// Files go to the server while the text is still being written; `key` is what the server calls a file it has taken.
export function useUploads(conversation) {
  const files = useSyncExternalStore(subscribe, () => filesOf(conversation), () => NONE);
  const acts = useMemo(() => ({
    add: (list) => add(conversation, list),
    remove: (id) => remove(conversation, id),
    move: (id, by) => move(conversation, id, by),
    retry: (id, shrink) => start(conversation, id, filesOf(conversation).find((file) => file.id === id).file, shrink),
    caption: (id, caption) => patch(conversation, id, { caption }),
  }), [conversation]);
  return { files, ...acts };
}
