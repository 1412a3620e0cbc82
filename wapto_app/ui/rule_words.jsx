import { tr, trn } from "./i18n.jsx";

// What rules of segments are made of, in words. The names are those of services/segments/rules.py.
const KIND_OF = { text: "text", long_text: "text", number: "number", date: "date", select: "choice", yes_no: "yes_no" };
export const OWN = "field:";
export const DAYS = ["last_days", "older_days", "next_days"];
export const WITHOUT_VALUE = ["empty", "not_empty", "yes", "no"];

export const OPERATORS = {
  text: ["is", "is_not", "contains", "not_contains", "starts_with", "empty", "not_empty"],
  number: ["is", "is_not", "greater", "less", "between", "empty", "not_empty"],
  date: ["is", "before", "after", "between", "last_days", "older_days", "next_days", "empty", "not_empty"],
  moment: ["last_days", "older_days", "before", "after", "between", "empty", "not_empty"],
  choice: ["any_of", "none_of", "empty", "not_empty"],
  yes_no: ["yes", "no", "empty", "not_empty"],
  switch: ["yes", "no"],
  tags: ["any_of", "all_of", "none_of", "empty", "not_empty"],
  people: ["any_of", "none_of", "empty", "not_empty"],
  campaigns: ["got", "not_got", "undelivered", "unread", "read", "not_read", "answered", "not_answered", "clicked", "failed", "left_out"],
};

export const facets = (vocabulary) => [
  [tr("Contact"), [
    ["tags", tr("Tags"), "tags"], ["name", tr("Name"), "text"], ["company", tr("Company"), "text"], ["email", tr("E-mail"), "text"],
    ["language", tr("Language"), "text"], ["source", tr("Source"), "text"], ["created", tr("Known since"), "moment"], ["has_number", tr("Phone number is known"), "switch"],
  ]],
  [tr("Conversation"), [["last_inbound", tr("Last message from them"), "moment"], ["agent", tr("Assigned to"), "people"], ["campaign", tr("Campaign"), "campaigns"]]],
  [tr("Consent"), [["opted_out", tr("Opted out"), "switch"], ["marketing_stopped", tr("Stopped marketing"), "switch"], ["blocked", tr("Blocked"), "switch"]]],
  ...(vocabulary.fields.length ? [[tr("Custom fields"), vocabulary.fields.map((each) => [OWN + each.key, each.label, KIND_OF[each.kind]])]] : []),
];

export const operator = (kind, op) =>
  (kind === "tags" && { any_of: tr("are any of"), all_of: tr("are all of"), none_of: tr("are none of"), empty: tr("are none at all"), not_empty: tr("are any at all") }[op]) ||
  (kind === "people" && { empty: tr("is nobody"), not_empty: tr("is somebody") }[op]) ||
  (kind === "campaigns" && {
    got: tr("got it"), not_got: tr("did not get it"), undelivered: tr("sent, not delivered"), unread: tr("delivered, not read"), read: tr("read it"), not_read: tr("did not read it"),
    answered: tr("answered it"), not_answered: tr("did not answer it"), clicked: tr("pressed a button"), failed: tr("did not reach them"), left_out: tr("were left out"),
  }[op]) ||
  (kind === "moment" && { empty: tr("never was"), not_empty: tr("was at some time") }[op]) ||
  {
    is: tr("is"), is_not: tr("is not"), contains: tr("contains"), not_contains: tr("does not contain"), starts_with: tr("starts with"),
    empty: tr("is empty"), not_empty: tr("is not empty"), greater: tr("is greater than"), less: tr("is less than"), between: tr("is between"),
    before: tr("is before"), after: tr("is after"), last_days: tr("is in the last … days"), older_days: tr("is more than … days ago"),
    next_days: tr("is in the next … days"), any_of: tr("is one of"), none_of: tr("is none of"), yes: tr("yes"), no: tr("no"),
  }[op] || op;

const known = (vocabulary, name) => facets(vocabulary).flatMap(([, rows]) => rows).find(([each]) => each === name);
export const kindOf = (vocabulary, test) => known(vocabulary, test.field)?.[2];

// The choices of a rule, as options of a list: ids for tags, people and campaigns, words for the choices of a field.
export function choices(vocabulary, test) {
  if (test.field === "tags") return vocabulary.tags.map((tag) => ({ value: tag.id, label: tag.name, colour: tag.colour }));
  if (test.field === "agent") return vocabulary.people.map((person) => ({ value: person.id, label: person.name }));
  if (test.field === "campaign") return (vocabulary.campaigns ?? []).map((campaign) => ({ value: campaign.id, label: campaign.name }));
  const field = vocabulary.fields.find((each) => OWN + each.key === test.field);
  return (field?.options ?? []).map((option) => ({ value: option, label: option }));
}

function words(vocabulary, node) {
  if (node?.rules) {
    const parts = node.rules.map((rule) => (rule?.rules?.length > 1 ? `(${words(vocabulary, rule)})` : words(vocabulary, rule)));
    return parts.join(node.join === "or" ? ` ${tr("or")} ` : ` ${tr("and")} `);
  }
  const found = known(vocabulary, node?.field);
  if (!found) return node?.field?.replace(OWN, "") ?? "?";
  const [, label, kind] = found;
  const days = { last_days: (n) => trn("in the last {n} day", "in the last {n} days", n), older_days: (n) => trn("more than {n} day ago", "more than {n} days ago", n), next_days: (n) => trn("in the next {n} day", "in the next {n} days", n) }[node.op];
  if (days) return `${label}: ${days(Number(node.value) || 0)}`;
  if (kind === "switch" || kind === "yes_no") return WITHOUT_VALUE.slice(2).includes(node.op) ? `${label}: ${operator(kind, node.op)}` : `${label} ${operator(kind, node.op)}`;
  if (WITHOUT_VALUE.includes(node.op)) return `${label} ${operator(kind, node.op)}`;
  const items = (node.items ?? []).map((item) => choices(vocabulary, node).find((each) => each.value === item)?.label ?? item);
  const value = node.items ? items.join(", ") : node.op === "between" ? `${node.value} – ${node.to}` : node.value;
  if (kind === "campaigns") return `${label} ${value}: ${operator(kind, node.op)}`;
  return `${label} ${operator(kind, node.op)} ${value}`;
}

// A segment in one sentence.
export function RuleWords({ rules, vocabulary, className }) {
  return <span dir="auto" className={className}>{words(vocabulary, rules)}</span>;
}
