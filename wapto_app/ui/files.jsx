import { tr, trServer } from "./i18n.jsx";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

// "3.4 MB" as the reader's language writes it; powers of 1024, as the limits are.
export function sizeText(bytes) {
  let amount = Number(bytes) || 0;
  let step = 0;
  while (amount >= 1024 && step < UNITS.length - 1) { amount /= 1024; step += 1; }
  const options = { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: amount < 10 && step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang || "en", options).format(amount);
}

export function FileSize({ bytes, className }) {
  return <span className={className}>{sizeText(bytes)}</span>;
}

// One file to a route of ours. `done` gives the answer, or `{error, offer?}`; an abort gives an empty error.
export function sendFile(url, file, onPercent) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.upload.onprogress = (event) => { if (event.lengthComputable) onPercent(Math.round((event.loaded / event.total) * 100)); };
    request.onload = () => resolve(answerOf(request));
    request.onerror = () => resolve({ error: tr("The upload was interrupted. Try again.") });
    request.onabort = () => resolve({ error: "" });
    request.open("POST", url);
    request.setRequestHeader("X-Filename", encodeURIComponent(file.name));
    request.send(file);
  });
  return { request, done };
}

function answerOf(request) {
  try {
    const answer = JSON.parse(request.responseText);
    return request.status < 300 ? answer : { error: trServer(answer.error), offer: answer.offer };
  } catch {
    return { error: tr("The server could not take this file.") };
  }
}
