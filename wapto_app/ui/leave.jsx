import { useEffect } from "react";

const LAST = "wapto-left";

// Goes to a page that is none of this app's, also when it has the same host: the router would look for it among its own.
// Who comes back finds the state as it was left, so each mark is followed once.
export function Leave({ to, mark }) {
  useEffect(() => {
    if (!mark || !/^https?:\/\//.test(to ?? "") || sessionStorage.getItem(LAST) === mark) return;
    sessionStorage.setItem(LAST, mark);
    window.location.assign(to);
  }, [to, mark]);
  return null;
}
