import { useEffect, useMemo, useRef, useState } from "react";
import { Virtuoso } from "react-virtuoso";
import { tr } from "./i18n.jsx";

const START = 1_000_000;

// Rows that were put in front of the known ones move the first index back by their number, so nothing jumps.
function useFirstIndex(items, itemKey) {
  const memory = useRef({ first: undefined, index: START });
  return useMemo(() => {
    const { first, index } = memory.current;
    const at = first === undefined ? -1 : items.findIndex((item) => item[itemKey] === first);
    memory.current = { first: items[0]?.[itemKey], index: at > 0 ? index - at : at === 0 ? index : START };
    return memory.current.index;
  }, [items, itemKey]);
}

// Mounts only the visible rows. With `bottom` it is a chat: starts at the end and stays there while the reader is there.
export function VirtualList({ items, itemKey, row: Row, bottom, className, label, jumpOn, onStartReached, onEndReached, onAtBottom, header, footer }) {
  const list = useRef(null);
  const firstItemIndex = useFirstIndex(items, itemKey);
  const [atBottom, setAtBottom] = useState(true);
  const components = useMemo(() => ({ Header: header ? () => header : undefined, Footer: footer || bottom ? () => footer ?? <div className="h-3" /> : undefined }), [header, footer, bottom]);
  const box = useRef(null);
  const pinned = useRef(true);
  const gesture = useRef(0);
  const toEnd = () => list.current?.scrollToIndex({ index: "LAST", align: "end" });
  useEffect(() => { onAtBottom?.(atBottom); }, [atBottom]);
  // Only the reader's own hand leaves the end: a composer that grows or a picture that loads must not.
  const onAtBottomChange = (now) => {
    if (now) pinned.current = true;
    else if (Date.now() - gesture.current < 1000) pinned.current = false;
    setAtBottom(now);
  };
  useEffect(() => {
    if (!bottom || !box.current) return undefined;
    const observer = new ResizeObserver(() => { if (pinned.current) toEnd(); });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [bottom, items.length > 0]);
  useEffect(() => { if (bottom && jumpOn) { pinned.current = true; requestAnimationFrame(toEnd); } }, [jumpOn]);
  const onGesture = () => { gesture.current = Date.now(); };
  const jump = () => list.current?.scrollToIndex({ index: "LAST", align: "end", behavior: "smooth" });
  if (!items.length) return <div className={className}>{header}{footer}</div>;
  return (
    <div ref={box} onWheel={onGesture} onTouchMove={onGesture} onKeyDown={onGesture} onPointerDown={onGesture} className={`relative ${className ?? ""}`}>
      <Virtuoso
        ref={list} className="scroll-thin" style={{ height: "100%" }} data={items} components={components} aria-label={label} role="log" tabIndex={0}
        firstItemIndex={bottom ? firstItemIndex : undefined}
        computeItemKey={(_index, item) => item[itemKey]}
        itemContent={(_index, item) => <Row item={item} />}
        initialTopMostItemIndex={bottom ? { index: "LAST", align: "end" } : 0}
        alignToBottom={bottom} increaseViewportBy={400} atBottomThreshold={48}
        followOutput={bottom ? () => (pinned.current ? "auto" : false) : false}
        atBottomStateChange={onAtBottomChange} totalListHeightChanged={() => { if (bottom && pinned.current) toEnd(); }}
        startReached={() => onStartReached?.()}
        endReached={() => onEndReached?.()}
      />
      {bottom && !atBottom && (
        <button type="button" onClick={jump} aria-label={tr("Jump to the newest")} data-tip={tr("Jump to the newest")}
          className="absolute end-4 bottom-4 grid size-9 place-items-center rounded-full bg-raised text-muted shadow-pop hover:text-ink">
          <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d="m6 9 6 6 6-6" /></svg>
        </button>
      )}
    </div>
  );
}
