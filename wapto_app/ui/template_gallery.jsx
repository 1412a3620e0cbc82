import { useMemo, useState } from "react";
import Search from "lucide-react/dist/esm/icons/search.mjs";
import { PLAIN, PRIMARY } from "./composer_parts.jsx";
import { locale, tr, trn } from "./i18n.jsx";
import { languageName } from "./language.jsx";
import { Dialog } from "./overlay.jsx";
import { modelOf } from "./template_model.jsx";
import { Message, TemplatePreview } from "./template_preview.jsx";

const PAGE = 18;
const CATEGORIES = { UTILITY: () => tr("Utility"), MARKETING: () => tr("Marketing"), AUTHENTICATION: () => tr("Authentication") };
const plain = (text) => String(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const inWords = (words) => words[locale()] ?? words.en;
const LOOK = "control w-auto";

function spoken(starter, language) {
  return starter.components[language] ? language : starter.languages[0];
}

function Card({ starter, language, sector, onOpen }) {
  const model = useMemo(() => modelOf({ ...starter, components: starter.components[language] }), [starter, language]);
  return (
    <li className="relative flex min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      <div inert style={{ maskImage: "linear-gradient(to bottom, black 75%, transparent)" }} className="h-56 overflow-hidden bg-chat p-3" lang={language}><Message model={model} /></div>
      <div className="flex flex-1 flex-col gap-1 border-t border-line p-4">
        <h3 className="text-sm font-semibold"><button type="button" onClick={onOpen} className="rounded text-start after:absolute after:inset-0 after:content-[''] hover:underline underline-offset-2">{inWords(starter.title)}</button></h3>
        <p className="text-sm text-muted text-pretty">{inWords(starter.about)}</p>
        <p className="mt-auto flex flex-wrap gap-1.5 pt-2 text-xs text-muted"><span>{inWords(sector.words)}</span><span aria-hidden="true">·</span><span>{CATEGORIES[starter.category]?.()}</span></p>
      </div>
    </li>
  );
}

// Templates to begin with: find one, look at it, use it.
export function StarterGallery({ sectors, starters, disabled, onUse }) {
  const [words, setWords] = useState("");
  const [sector, setSector] = useState("");
  const [category, setCategory] = useState("");
  const languages = useMemo(() => [...new Set(starters.flatMap((each) => each.languages))], [starters]);
  const [language, setLanguage] = useState(() => (languages.includes(locale()) ? locale() : languages[0]));
  const [shown, setShown] = useState(PAGE);
  const [open, setOpen] = useState(null);
  const of = Object.fromEntries(sectors.map((each) => [each.key, each]));
  const found = useMemo(() => {
    const wanted = plain(words).split(/\s+/).filter(Boolean);
    const text = (each) => plain([inWords(each.title), inWords(each.about), each.key, JSON.stringify(each.components[spoken(each, language)])].join(" "));
    return starters.filter((each) => (!sector || each.sector === sector) && (!category || each.category === category) && wanted.every((word) => text(each).includes(word)));
  }, [starters, words, sector, category, language]);
  const change = (set) => (event) => { set(event.target.value); setShown(PAGE); };
  const chosen = open && starters.find((each) => each.key === open);
  const chosenIn = chosen && spoken(chosen, language);
  return (
    <div data-testid="starters">
      <div className="flex flex-wrap gap-2 pb-4">
        <div className="relative min-w-0 flex-1 basis-60">
          <Search size={16} className="pointer-events-none absolute inset-y-0 start-3 my-auto text-faint" aria-hidden="true" />
          <input type="search" value={words} onChange={change(setWords)} placeholder={tr("Find a template to begin with")} aria-label={tr("Find a template to begin with")} dir="auto" className={"control ps-9"} />
        </div>
        <select value={sector} onChange={change(setSector)} aria-label={tr("Sector")} className={`${LOOK} max-sm:flex-1`}><option value="">{tr("All sectors")}</option>{sectors.map((each) => <option key={each.key} value={each.key}>{inWords(each.words)}</option>)}</select>
        <select value={category} onChange={change(setCategory)} aria-label={tr("Category")} className={`${LOOK} max-sm:flex-1`}><option value="">{tr("All categories")}</option>{Object.entries(CATEGORIES).map(([key, name]) => <option key={key} value={key}>{name()}</option>)}</select>
        <select value={language} onChange={(event) => setLanguage(event.target.value)} aria-label={tr("Language of the text")} className={`${LOOK} max-sm:flex-1`}>{languages.map((code) => <option key={code} value={code}>{languageName(code)}</option>)}</select>
      </div>
      <p role="status" className="pb-3 text-sm text-muted">{trn("{n} template to begin with", "{n} templates to begin with", found.length)}</p>
      {found.length === 0 && <p className="rounded-lg border border-dashed border-line-strong p-5 text-center text-sm text-muted">{tr("Nothing found. Try other words, or begin with an empty one.")}</p>}
      <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {found.slice(0, shown).map((each) => <Card key={each.key} starter={each} language={spoken(each, language)} sector={of[each.sector]} onOpen={() => setOpen(each.key)} />)}
      </ul>
      {found.length > shown && <div className="flex justify-center pt-5"><button type="button" onClick={() => setShown(shown + PAGE)} className={PLAIN}>{tr("Show more")}</button></div>}
      <Dialog open={Boolean(chosen)} title={chosen ? inWords(chosen.title) : ""} description={chosen ? inWords(chosen.about) : ""} width="420px" onClose={() => setOpen(null)}
        footer={chosen && <><button type="button" className={PLAIN} onClick={() => setOpen(null)}>{tr("Close")}</button><button type="button" className={PRIMARY} disabled={disabled} data-autofocus="true" onClick={() => { setOpen(null); onUse(chosen.key, chosenIn); }}>{tr("Use this template")}</button></>}>
        {chosen && <div lang={chosenIn}><TemplatePreview form={{ ...chosen, components: chosen.components[chosenIn] }} /></div>}
      </Dialog>
    </div>
  );
}
