import { createElement } from "react";

// Stands in for @emotion/react in the built page (see slim.py). Reflex asks it for every element, for the sake of styles
// made in the browser; ours are classes, and the few computed ones (`css`, flat) are an element's own style.
export function jsx(type, props, ...children) {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, style, ...rest } = props;
  return createElement(type, { ...rest, style: { ...css, ...style } }, ...children);
}
