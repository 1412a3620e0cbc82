import { useEffect, useRef, useState } from "react";

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
export function LiveTime({ value, onChange, onBlur, ...rest }) {
  const [text, setText] = useState(() => own(value));
  const timer = useRef(null);
  const sent = useRef(own(value));
  useEffect(() => {
    if (own(value) === sent.current) return;
    sent.current = own(value);
    setText(sent.current);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (next) => {
    clearTimeout(timer.current);
    timer.current = null;
    if (next === sent.current) return;
    sent.current = next;
    onChange?.(whole(next));
  };
  const changed = (event) => {
    const next = event.target.value;
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => send(next), REST);
  };
  return <input {...rest} type="datetime-local" min={own(new Date().toISOString())} value={text} onChange={changed} onBlur={(event) => { if (timer.current) send(event.target.value); onBlur?.(event); }} />;
}
