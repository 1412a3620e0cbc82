// Stands in for mergician in the built page (see slim.py): Reflex merges the object props that a parent gives its child,
// which are styles, and styles are flat.
export function mergician(...objects) {
  return Object.assign({}, ...objects);
}
