import { useEffect, useRef, useState } from "react";

const PATIENCE = 10_000;
let counter = 0;
const tab = Math.random().toString(36).slice(2);

// From handing something over until the server has answered. `refused`: it said no, and why is in its errors. `late`: no answer yet; what was written is still in the box,
// and handing over the same once more does it once, for it keeps its `ref`.
export function useDelivery(answered, accepted) {
  const [state, setState] = useState("idle");
  const waiting = useRef(null);
  const last = useRef({ text: "", ref: "" });
  const before = useRef({ answered, accepted });

  useEffect(() => {
    if (answered === before.current.answered && accepted === before.current.accepted) return;
    const isAccepted = accepted !== before.current.accepted;
    before.current = { answered, accepted };
    const job = waiting.current;
    if (!job) return;
    waiting.current = null;
    last.current = { text: "", ref: "" };
    setState(isAccepted ? "idle" : "refused");
    if (isAccepted) job();
  }, [answered, accepted]);

  useEffect(() => {
    if (state !== "pending") return undefined;
    const timer = setTimeout(() => setState("late"), PATIENCE);
    return () => clearTimeout(timer);
  }, [state]);

  // `done` runs only when the server said yes.
  const begin = (content, done) => {
    const text = JSON.stringify(content);
    if (text !== last.current.text) last.current = { text, ref: `${tab}-${++counter}` };
    waiting.current = done;
    setState("pending");
    return last.current.ref;
  };
  return { pending: state === "pending", late: state === "late", refused: state === "refused", begin };
}
