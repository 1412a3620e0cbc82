import { useEffect, useId, useRef, useState } from "react";
import { Combobox } from "./combobox.jsx";
import { tr, trServer } from "./i18n.jsx";
import { DAYS, OPERATORS, OWN, WITHOUT_VALUE, choices, facets, kindOf, operator } from "./rule_words.jsx";

const WAIT = 350;
const DEEPEST = 3;
let counter = 0;
const keyed = (node) => ({ ...node, key: ++counter, ...(node.rules ? { rules: node.rules.map(keyed) } : {}) });
const plain = ({ key, ...node }) => (node.rules ? { ...node, rules: node.rules.map(plain) } : node);
const fresh = () => keyed({ field: "tags", op: "any_of", items: [] });

// Rules of a segment: a tree of groups, edited here and sent as a whole when typing rests. The form gets it as JSON.
export function RuleBuilder({ name, rules, vocabulary, problems, disabled, onChange }) {
  const begin = () => (rules?.rules?.length ? keyed(rules) : keyed({ join: "and", rules: [fresh()] }));
  const [tree, setTree] = useState(begin);
  const timer = useRef(null);
  const first = useRef(true);

  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(JSON.stringify(plain(tree))), WAIT);
    return () => clearTimeout(timer.current);
  }, [tree]);
  return (
    <fieldset disabled={disabled} className="min-w-0">
      <Group node={tree} path="" depth={1} vocabulary={vocabulary} problems={problems} onChange={setTree} />
      <input type="hidden" name={name} value={JSON.stringify(plain(tree))} />
    </fieldset>
  );
}

function Group({ node, path, depth, vocabulary, problems, onChange, onRemove }) {
  const id = useId();
  const rules = (next) => onChange({ ...node, rules: next });
  const isAny = node.join === "or";
  const empty = node.rules.length === 0 && problems[path ? `${path}.0` : "0"];
  return (
    <div role="group" aria-labelledby={id} className={depth > 1 ? "rounded-lg border border-line bg-sunken p-3" : ""}>
      <div className="flex flex-wrap items-center gap-2 pb-3 text-sm">
        <span id={id} className="font-medium">{depth > 1 ? tr("A group that fits when") : tr("A contact fits when")}</span>
        <select aria-label={tr("How the rules go together")} className="control w-auto" value={node.join} onChange={(event) => onChange({ ...node, join: event.target.value })}>
          <option value="and">{tr("all rules are met")}</option>
          <option value="or">{tr("one of the rules is met")}</option>
        </select>
        {onRemove && <Remove label={tr("Remove the group")} onClick={onRemove} className="ms-auto" />}
      </div>
      <ul className="flex flex-col gap-2">
        {node.rules.map((rule, i) => {
          const place = path ? `${path}.${i}` : String(i);
          const change = (next) => rules(node.rules.map((each) => (each === rule ? next : each)));
          const remove = () => rules(node.rules.filter((each) => each !== rule));
          const common = { node: rule, path: place, vocabulary, problems, onChange: change, onRemove: remove };
          return (
            <li key={rule.key} className="flex min-w-0 flex-col gap-2">
              {i > 0 && <span className="ps-1 text-xs font-medium text-muted">{isAny ? tr("or") : tr("and")}</span>}
              {rule.rules ? <Group {...common} depth={depth + 1} /> : <Test {...common} />}
            </li>
          );
        })}
      </ul>
      {empty && <p className="text-sm text-muted">{trServer(empty)}</p>}
      <div className="flex flex-wrap gap-x-4 gap-y-1 pt-3 text-sm">
        <Add onClick={() => rules([...node.rules, fresh()])}>{tr("Add a rule")}</Add>
        {depth < DEEPEST && (
          <Add onClick={() => rules([...node.rules, keyed({ join: isAny ? "and" : "or", rules: [{ field: "tags", op: "any_of", items: [] }] })])}>{tr("Add a group")}</Add>
        )}
      </div>
    </div>
  );
}

function Test({ node, path, vocabulary, problems, onChange, onRemove }) {
  const id = useId();
  const kind = kindOf(vocabulary, node);
  const problem = problems[path];
  const isUnfinished = !node.gone?.length && (node.items ? node.items.length === 0 : !node.value);
  // Where there are no campaigns yet, or none that one may see, there is nothing to choose.
  const isOffered = (field) => field !== "campaign" || vocabulary.campaigns?.length > 0 || node.field === field;
  const about = (field) => {
    const own = vocabulary.fields.find((each) => OWN + each.key === field);
    const kindOfNext = kindOf(vocabulary, { field });
    onChange({ key: node.key, field, ...(own ? { kind: own.kind } : {}), op: OPERATORS[kindOfNext][0], ...emptyFor(kindOfNext, OPERATORS[kindOfNext][0]) });
  };
  const compare = (op) => onChange({ key: node.key, field: node.field, ...(node.kind ? { kind: node.kind } : {}), op, ...keptFor(kind, node, op) });
  return (
    <div className="rounded-lg border border-line bg-surface p-2">
      <div className="flex flex-wrap items-start gap-2">
        <select aria-label={tr("What the rule is about")} className="control min-w-0 flex-1 sm:max-w-56" value={kind ? node.field : ""} onChange={(event) => about(event.target.value)}>
          {!kind && <option value="">{tr("Choose…")}</option>}
          {facets(vocabulary).map(([group, rows]) => (
            <optgroup key={group} label={group}>
              {rows.filter(([value]) => isOffered(value)).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
            </optgroup>
          ))}
        </select>
        <Remove label={tr("Remove the rule")} onClick={onRemove} className="ms-auto sm:order-last" />
        {kind && (
          <select aria-label={tr("How to compare")} className="control w-full min-w-0 sm:w-auto sm:max-w-52" value={node.op} onChange={(event) => compare(event.target.value)}>
            {!OPERATORS[kind].includes(node.op) && <option value={node.op}>{tr("Choose…")}</option>}
            {OPERATORS[kind].map((op) => <option key={op} value={op}>{operator(kind, op)}</option>)}
          </select>
        )}
        {kind && !WITHOUT_VALUE.includes(node.op) && (
          <div className="w-full min-w-0 sm:w-auto sm:flex-1">
            <Value kind={kind} node={node} vocabulary={vocabulary} describedBy={problem ? id : undefined} isWrong={Boolean(problem && !isUnfinished)} onChange={onChange} />
          </div>
        )}
      </div>
      {problem && <p id={id} className={`px-1 pt-1.5 text-xs ${isUnfinished ? "text-muted" : "text-danger-ink"}`}>{trServer(problem)}</p>}
    </div>
  );
}

const isList = (kind) => kind === "tags" || kind === "people" || kind === "campaigns" || kind === "choice";
const emptyFor = (kind, op) => (WITHOUT_VALUE.includes(op) ? {} : isList(kind) ? { items: [] } : { value: DAYS.includes(op) ? "30" : "" });
function keptFor(kind, node, op) {
  if (WITHOUT_VALUE.includes(op)) return {};
  if (isList(kind)) return { items: node.items ?? [] };
  const isSame = DAYS.includes(op) === DAYS.includes(node.op) && node.value;
  return { value: isSame ? node.value : emptyFor(kind, op).value, ...(op === "between" ? { to: node.to ?? "" } : {}) };
}

function Value({ kind, node, vocabulary, describedBy, isWrong, onChange }) {
  const shared = { "aria-describedby": describedBy, "aria-invalid": isWrong || undefined, className: "control" };
  if (isList(kind)) return <Several node={node} options={choices(vocabulary, node)} describedBy={describedBy} onChange={onChange} />;
  const type = (kind === "date" || kind === "moment") && !DAYS.includes(node.op) ? "date" : "text";
  const isNumber = kind === "number" || DAYS.includes(node.op);
  const input = (name, label) => (
    <input {...shared} type={type} dir="auto" inputMode={isNumber ? "decimal" : undefined} maxLength={200} autoComplete="off" aria-label={label} value={node[name] ?? ""}
      onKeyDown={(event) => event.key === "Enter" && event.preventDefault()} onChange={(event) => onChange({ ...node, [name]: event.target.value })} />
  );
  if (DAYS.includes(node.op)) return <div className="flex max-w-32 items-center gap-2">{input("value", tr("Days"))}<span className="text-sm text-muted">{tr("days")}</span></div>;
  if (node.op !== "between") return input("value", tr("Value"));
  return (
    <div className="flex items-center gap-2">
      {input("value", tr("From"))}
      <span className="flex-none text-sm text-muted">{tr("and")}</span>
      {input("to", tr("To"))}
    </div>
  );
}

function Several({ node, options, describedBy, onChange }) {
  const holder = useRef(null);
  const chosen = node.items ?? [];
  const isNew = useRef(false);
  const set = (items) => {
    const { gone: _gone, ...rest } = node;
    onChange({ ...rest, items });
  };
  useEffect(() => {
    if (isNew.current) holder.current.querySelector("[role=combobox]")?.focus();
    isNew.current = false;
  }, [chosen.length]);
  const left = options.filter((option) => !chosen.includes(option.value)).map((option) => ({ value: String(option.value), label: option.label }));
  return (
    <div ref={holder} className="flex min-w-0 flex-wrap items-center gap-1.5">
      {(node.gone ?? []).map((name) => <span key={name} className="tag line-through">{name}</span>)}
      {chosen.map((item) => {
        const option = options.find((each) => each.value === item);
        return (
          <span key={item} className="tag h-7" data-colour={option?.colour}>
            <span dir="auto" className="truncate">{option?.label ?? String(item)}</span>
            <button type="button" aria-label={tr("Remove {name}", { name: option?.label ?? item })} onClick={() => set(chosen.filter((each) => each !== item))}
              className="-me-1 grid size-5 flex-none place-items-center rounded hover:bg-hover pointer-coarse:size-7"><Cross size={12} /></button>
          </span>
        );
      })}
      <div className="min-w-36 flex-1">
        <Combobox key={chosen.length} value="" options={left} className="control" placeholder={tr("Add…")} aria-label={tr("Add to the rule")} aria-describedby={describedBy}
          onChange={(value) => { isNew.current = true; set([...chosen, options.find((each) => String(each.value) === value).value]); }} />
      </div>
    </div>
  );
}

const Cross = ({ size = 16 }) => (
  <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true"><path d="M6 6l12 12M18 6 6 18" /></svg>
);

const Remove = ({ label, className, onClick }) => (
  <button type="button" aria-label={label} data-tip={label} onClick={onClick}
    className={`grid size-9 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink pointer-coarse:size-11 ${className}`}><Cross /></button>
);

const Add = ({ children, onClick }) => (
  <button type="button" onClick={onClick} className="rounded py-1 font-medium text-accent-ink hover:underline underline-offset-2">{children}</button>
);
