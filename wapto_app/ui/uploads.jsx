import { useCallback, useEffect, useRef, useState } from "react";
import { tr, trServer } from "./i18n.jsx";

let counter = 0;

function transfer(file, onPercent) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.upload.onprogress = (event) => { if (event.lengthComputable) onPercent(Math.round((event.loaded / event.total) * 100)); };
    request.onload = () => resolve(request.status < 300 ? JSON.parse(request.responseText) : { error: errorOf(request) });
    request.onerror = () => resolve({ error: tr("The upload was interrupted. Try again.") });
    request.onabort = () => resolve({ error: "" });
    request.open("POST", "/media");
    request.setRequestHeader("X-Filename", encodeURIComponent(file.name));
    request.send(file);
  });
  return { request, done };
}

function errorOf(request) {
  try {
    return trServer(JSON.parse(request.responseText).error);
  } catch {
    return tr("The server could not take this file.");
  }
}

// Files go to the server while the text is still being written; `key` is what the server calls a file it has taken.
export function useUploads(conversation) {
  const [files, setFiles] = useState([]);
  const running = useRef(new Map());
  const patch = (id, change) => setFiles((all) => all.map((file) => (file.id === id ? { ...file, ...change } : file)));
  const clear = useCallback(() => {
    running.current.forEach((request) => request.abort());
    running.current.clear();
    setFiles((all) => { all.forEach((file) => file.preview && URL.revokeObjectURL(file.preview)); return []; });
  }, []);
  useEffect(() => clear, [conversation]);
  const add = (list) => list.forEach(async (file) => {
    const id = ++counter;
    const preview = file.type.startsWith("image/") && file.type !== "image/svg+xml" ? URL.createObjectURL(file) : "";
    setFiles((all) => [...all, { id, name: file.name, preview, percent: 0 }]);
    const { request, done } = transfer(file, (percent) => patch(id, { percent }));
    running.current.set(id, request);
    const answer = await done;
    running.current.delete(id);
    patch(id, answer.error ? { error: answer.error } : { key: answer.key });
  });
  const remove = (id) => {
    running.current.get(id)?.abort();
    setFiles((all) => all.filter((file) => file.id !== id));
  };
  return { files, add, remove, clear };
}

// From pressing Send until the server has answered; `onAccepted` runs only when it said yes.
export function usePending(answered, accepted, onAccepted) {
  const [pending, setPending] = useState(false);
  const before = useRef({ answered, accepted });
  useEffect(() => {
    if (answered === before.current.answered && accepted === before.current.accepted) return;
    const isAccepted = accepted !== before.current.accepted;
    before.current = { answered, accepted };
    if (!pending) return;
    setPending(false);
    if (isAccepted) onAccepted();
  }, [answered, accepted]);
  useEffect(() => {
    if (!pending) return undefined;
    const timer = setTimeout(() => setPending(false), 10_000);
    return () => clearTimeout(timer);
  }, [pending]);
  return [pending, () => setPending(true)];
}
