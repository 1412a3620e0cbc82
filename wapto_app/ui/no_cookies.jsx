// Stands in for universal-cookie in the built page (see slim.py): no state keeps a var in a cookie, and the session's
// cookie cannot be read by scripts.
export default class NoCookies {
  get() {
    return undefined;
  }

  set() {
    throw new Error("This page has no cookies of its own.");
  }

  remove() {
    this.set();
  }
}
