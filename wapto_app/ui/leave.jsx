import { useEffect } from "react";

// Goes to a page that is none of this app's, also when it has the same host: the router would look for it among its own.
export function Leave({ to }) {
  useEffect(() => {
    if (/^https?:\/\//.test(to ?? "")) window.location.assign(to);
  }, [to]);
  return null;
}
