import { LiveText } from "./controls.jsx";

const REST = 400;
const MINUTE = 60000;

// As the reader's own clock shows it: what a field of the browser takes.
function own(iso) {
  const date = iso ? new Date(iso) : null;
  return date && !Number.isNaN(date.getTime()) ? new Date(date.getTime() - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16) : "";
}

function whole(text) {
  const date = text ? new Date(text) : null;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : "";
}

// A moment that reaches the server when the hand rests: a half-typed date says nothing.
export function LiveTime({ value, onChange, ...rest }) {
  const now = own(new Date().toISOString());
  return <LiveText {...rest} type="datetime-local" min={now} value={own(value)} wait={REST} onChange={(text) => onChange?.(whole(text))} />;
}
