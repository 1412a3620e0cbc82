import { useEffect, useState } from "react";
import ArrowLeft from "lucide-react/dist/esm/icons/arrow-left.mjs";
import ArrowRight from "lucide-react/dist/esm/icons/arrow-right.mjs";
import Plus from "lucide-react/dist/esm/icons/plus.mjs";
import Trash from "lucide-react/dist/esm/icons/trash-2.mjs";
import { Tool, Wrong } from "./composer_parts.jsx";
import { tr } from "./i18n.jsx";
import { emptyCard, fresh, isNamed, renumbered } from "./template_model.jsx";
import { Buttons } from "./template_buttons.jsx";
import { Sample, Tiles } from "./template_parts.jsx";
import { RichArea, Samples } from "./template_text.jsx";

const [FEWEST, MOST, TEXT_MAX] = [2, 10, 160];

// Meta: all cards have the same parts. The kind of file and the kinds of buttons are therefore chosen once, for all.
function alike(cards, changed) {
  const kinds = changed.buttons.map((each) => each.type);
  return cards.map((card) => {
    if (card.id === changed.id) return changed;
    const left = [...card.buttons];
    const buttons = kinds.map((type, at) => {
      const found = left.findIndex((each) => each.type === type);
      return found >= 0 ? left.splice(found, 1)[0] : { ...changed.buttons[at], id: fresh() };
    });
    return { ...card, buttons };
  });
}

// `wanted` is the key of a field that somebody wants to see, maybe on another card.
export function Cards({ model, files, errors, set, onPick, wanted }) {
  const { cards } = model;
  const [chosen, setChosen] = useState(0);
  useEffect(() => {
    const card = /^cards\.(\d+)/.exec(wanted?.key ?? "")?.[1];
    if (card) setChosen(Number(card));
  }, [wanted]);
  const at = Math.min(chosen, cards.length - 1);
  const card = cards[at];
  const named = isNamed(model);
  const put = (next) => set({ cards: next });
  const change = (more) => put(cards.map((each) => (each.id === card.id ? { ...each, ...more } : each)));
  const move = (by) => {
    const next = [...cards];
    next.splice(at + by, 0, ...next.splice(at, 1));
    put(next);
    setChosen(at + by);
  };
  const add = () => { put([...cards, emptyCard(cards[0])]); setChosen(cards.length); };
  const wrong = (n) => Object.keys(errors.all).some((key) => key.startsWith(`cards.${n}.`) || key === `cards.${n}`);
  const place = `cards.${at}`;
  return (
    <div className="flex flex-col gap-4" data-place="cards">
      <Tiles label={tr("What the cards show")} name="cards-format" value={cards[0].format} onChange={(format) => put(cards.map((each) => ({ ...each, format, file: format === each.format ? each.file : "" })))}
        options={[["IMAGE", null, () => tr("Pictures")], ["VIDEO", null, () => tr("Videos")]]} />
      <div role="group" aria-label={tr("Cards")} className="flex flex-wrap items-center gap-1.5">
        {cards.map((each, n) => (
          <button key={each.id} type="button" aria-pressed={n === at} onClick={() => setChosen(n)}
            className="relative h-9 min-w-9 rounded-md border px-3 text-sm font-medium hover:bg-hover aria-pressed:border-accent aria-pressed:bg-accent-soft">
            {tr("Card {n}", { n: n + 1 })}{wrong(n) && <span className="absolute -end-1 -top-1 size-2.5 rounded-full bg-danger"><span className="sr-only">{tr("needs attention")}</span></span>}
          </button>
        ))}
        {cards.length < MOST && <Tool icon={Plus} label={tr("Add a card")} onClick={add} />}
      </div>
      <div key={card.id} className="flex flex-col gap-4 rounded-lg border p-4" data-place={place}>
        <div className="-mt-1 flex items-center">
          <h3 className="flex-1 text-sm font-semibold">{tr("Card {n} of {total}", { n: at + 1, total: cards.length })}</h3>
          <Tool icon={ArrowLeft} size={17} className="mirror" label={tr("Move it forward")} disabled={at === 0} onClick={() => move(-1)} />
          <Tool icon={ArrowRight} size={17} className="mirror" label={tr("Move it back")} disabled={at === cards.length - 1} onClick={() => move(1)} />
          <Tool icon={Trash} size={17} label={tr("Remove the card")} disabled={cards.length <= FEWEST} onClick={() => put(cards.filter((each) => each.id !== card.id))} />
        </div>
        <Sample format={card.format} file={files[card.file]} place={`${place}.header.file`} error={errors(`${place}.header.file`) ?? errors(`${place}.header`)} onPick={() => onPick(place, card.format)} onRemove={() => change({ file: "" })} />
        <RichArea label={tr("Text of the card")} place={`${place}.body`} value={card.body.text} most={TEXT_MAX} rows={3} named={named} error={errors(`${place}.body`)} onChange={(text) => change({ body: named ? { ...card.body, text } : renumbered({ ...card.body, text }) })} />
        <Samples text={card.body.text} samples={card.body.samples} place={`${place}.body`} errors={errors} onChange={(samples) => change({ body: { ...card.body, samples } })} />
        <div>
          <p className="text-sm font-medium">{tr("Buttons of the cards")}</p>
          <p className="mb-2 text-xs text-muted">{tr("Every card has the same kinds of buttons; labels and addresses may differ.")}</p>
          <Buttons buttons={card.buttons} place={`${place}.buttons`} kind="card" errors={errors} onChange={(buttons) => put(alike(cards, { ...card, buttons }))} />
        </div>
        <Wrong text={errors(place)} />
      </div>
      <Wrong text={errors("cards")} />
    </div>
  );
}
