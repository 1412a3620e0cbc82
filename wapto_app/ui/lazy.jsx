import { useRef } from "react";

// Nothing until it is wanted for the first time; from then on it stays, so that it can close as it should.
export function Once({ wanted, children }) {
  const seen = useRef(false);
  if (wanted) seen.current = true;
  return seen.current ? children : null;
}
