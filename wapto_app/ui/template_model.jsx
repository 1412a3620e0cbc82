// A template while it is edited, and the list of components that Meta takes: from one to the other and back.
// What the editor does not know (products, catalogues …) is carried along as it came.

const GAP = /\{\{\s*(\w+)\s*\}\}/g;
let counter = 0;
export const fresh = () => `k${++counter}`;
const upper = (value) => String(value ?? "").toUpperCase();

// Names of the variables of a text, each once, in their order.
export const gapsOf = (text) => [...new Set([...String(text ?? "").matchAll(GAP)].map((match) => match[1]))];
const inOrder = (names, named) => (named ? names : [...names].sort((a, b) => Number(a) - Number(b)));
export const filledWith = (text, samples) => String(text ?? "").replace(GAP, (gap, name) => samples?.[name]?.trim?.() || gap);
export const isNamed = (model) => model.format === "NAMED";

// What Meta was shown for the variables of a header or a body, by name.
export function samplesOf(component, field) {
  const example = component?.example ?? {};
  const named = example[`${field}_named_params`];
  if (Array.isArray(named)) return Object.fromEntries(named.map((each) => [each.param_name, String(each.example ?? "")]));
  const list = Array.isArray(example[field]?.[0]) ? example[field][0] : example[field];
  return Array.isArray(list) ? Object.fromEntries(list.map((each, at) => [String(at + 1), String(each)])) : {};
}

function exampleFor(text, samples, field, named) {
  const names = inOrder(gapsOf(text), named);
  if (!names.length) return {};
  if (named) return { example: { [`${field}_named_params`]: names.map((name) => ({ param_name: name, example: samples?.[name] ?? "" })) } };
  const values = names.map((name) => samples?.[name] ?? "");
  return { example: { [field]: field === "body_text" ? [values] : values } };
}

const firstOf = (value) => String((Array.isArray(value) ? value[0] : value) ?? "");
const rest = (object, ...names) => Object.fromEntries(Object.entries(object ?? {}).filter(([name]) => !names.includes(name)));

function buttonIn(raw) {
  return { ...rest(raw, "example"), id: fresh(), type: upper(raw.type), text: String(raw.text ?? ""), url: String(raw.url ?? ""), phone_number: String(raw.phone_number ?? ""), example: firstOf(raw.example) };
}

function buttonOut({ id, type, text, url, phone_number, example, ...more }) {
  if (type === "QUICK_REPLY") return { type, text };
  if (type === "URL") return { type, text, url, ...(gapsOf(url).length ? { example: [example] } : {}) };
  if (type === "PHONE_NUMBER") return { type, text, phone_number };
  if (type === "COPY_CODE") return { type, example };
  return { ...more, type, ...(text ? { text } : {}) };
}

const find = (components, type) => (components ?? []).find((each) => upper(each?.type) === type);

function headerIn(component) {
  if (!component) return { format: "", text: "", samples: {} };
  return { format: upper(component.format || "TEXT"), text: String(component.text ?? ""), samples: samplesOf(component, "header_text") };
}

function headerOut({ format, text, samples }, named) {
  if (!format) return [];
  if (format === "TEXT") return [{ type: "HEADER", format, text, ...exampleFor(text, samples, "header_text", named) }];
  return [{ type: "HEADER", format }];
}

const bodyIn = (component) => ({ text: String(component?.text ?? ""), samples: samplesOf(component, "body_text") });
const bodyOut = ({ text, samples }, named) => ({ type: "BODY", text, ...exampleFor(text, samples, "body_text", named) });

function cardIn(raw) {
  const parts = raw?.components ?? [];
  return { id: fresh(), body: bodyIn(find(parts, "BODY")), format: upper(find(parts, "HEADER")?.format || "IMAGE"), buttons: (find(parts, "BUTTONS")?.buttons ?? []).map(buttonIn) };
}

function cardOut(card, named) {
  return {
    components: [
      { type: "HEADER", format: card.format },
      ...(card.body.text ? [bodyOut(card.body, named)] : []),
      ...(card.buttons.length ? [{ type: "BUTTONS", buttons: card.buttons.map(buttonOut) }] : []),
    ],
  };
}

const KNOWN = ["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"];
export const emptyCard = (like) => ({ id: fresh(), format: like?.format ?? "IMAGE", body: { text: "", samples: {} }, buttons: (like?.buttons ?? []).map((each) => ({ ...each, id: fresh() })) });
export const emptyButton = (type) => ({ id: fresh(), type, text: "", url: "", phone_number: "", example: "" });

function otpIn(components) {
  const button = find(components, "BUTTONS")?.buttons?.[0] ?? {};
  return {
    advice: Boolean(find(components, "BODY")?.add_security_recommendation),
    minutes: String(find(components, "FOOTER")?.code_expiration_minutes ?? ""),
    type: upper(button.otp_type || "COPY_CODE"), text: String(button.text ?? ""), autofill: String(button.autofill_text ?? ""),
    apps: (button.supported_apps ?? []).map((each) => ({ id: fresh(), package_name: String(each.package_name ?? ""), signature_hash: String(each.signature_hash ?? "") })),
    terms: Boolean(button.zero_tap_terms_accepted),
  };
}

function otpOut({ advice, minutes, type, text, autofill, apps, terms }) {
  const own = type === "COPY_CODE" ? {} : {
    ...(autofill ? { autofill_text: autofill } : {}),
    supported_apps: apps.map(({ package_name, signature_hash }) => ({ package_name, signature_hash })),
    ...(type === "ZERO_TAP" ? { zero_tap_terms_accepted: terms } : {}),
  };
  const digits = /^\d+$/.test(minutes.trim());
  return [
    { type: "BODY", add_security_recommendation: advice },
    ...(minutes.trim() ? [{ type: "FOOTER", code_expiration_minutes: digits ? Number(minutes) : minutes }] : []),
    { type: "BUTTONS", buttons: [{ type: "OTP", otp_type: type, ...(text ? { text } : {}), ...own }] },
  ];
}

export function modelOf(form) {
  const parts = form?.components ?? [];
  const files = form?.sample_files ?? {};
  const offer = find(parts, "LIMITED_TIME_OFFER")?.limited_time_offer;
  const cards = find(parts, "CAROUSEL")?.cards;
  return {
    name: form?.name ?? "", language: form?.language ?? "en", category: upper(form?.category || "UTILITY"), waba_id: form?.waba_id ?? "",
    format: upper(form?.parameter_format || "POSITIONAL"),
    header: { ...headerIn(find(parts, "HEADER")), file: files.header ?? "" },
    body: bodyIn(find(parts, "BODY")),
    footer: String(find(parts, "FOOTER")?.text ?? ""),
    buttons: (find(parts, "BUTTONS")?.buttons ?? []).map(buttonIn),
    offer: offer ? { text: String(offer.text ?? ""), ends: Boolean(offer.has_expiration) } : null,
    cards: Array.isArray(cards) ? cards.map((card, at) => ({ ...cardIn(card), file: files[`cards.${at}`] ?? "" })) : null,
    otp: otpIn(parts),
    others: parts.filter((each) => !KNOWN.includes(upper(each?.type))),
  };
}

export const shapeOf = (model) => (model.category === "AUTHENTICATION" ? "otp" : model.cards ? "carousel" : model.offer ? "offer" : "standard");
export const showsFile = (format) => ["IMAGE", "VIDEO", "DOCUMENT", "GIF"].includes(format);

export function componentsOf(model) {
  const named = isNamed(model);
  if (shapeOf(model) === "otp") return otpOut(model.otp);
  const head = model.cards ? [] : headerOut(model.header, named);
  const foot = model.footer && !model.cards && !model.offer ? [{ type: "FOOTER", text: model.footer }] : [];
  return [
    ...head,
    bodyOut(model.body, named),
    ...(model.offer && !model.cards ? [{ type: "LIMITED_TIME_OFFER", limited_time_offer: { text: model.offer.text, has_expiration: model.offer.ends } }] : []),
    ...foot,
    ...(model.buttons.length && !model.cards ? [{ type: "BUTTONS", buttons: model.buttons.map(buttonOut) }] : []),
    ...(model.cards ? [{ type: "CAROUSEL", cards: model.cards.map((card) => cardOut(card, named)) }] : []),
    ...model.others,
  ];
}

function filesOf(model) {
  if (model.cards) return Object.fromEntries(model.cards.map((card, at) => [`cards.${at}`, card.file ?? ""]).filter(([, key]) => key));
  return model.header.file && showsFile(model.header.format) ? { header: model.header.file } : {};
}

export function formOf(model) {
  const otp = model.category === "AUTHENTICATION";
  return {
    name: model.name, language: model.language, category: model.category, waba_id: model.waba_id,
    parameter_format: otp ? "POSITIONAL" : model.format, components: componentsOf(model), sample_files: otp ? {} : filesOf(model),
  };
}

// Every text with variables, so that they can be called otherwise together.
function eachText(model, change) {
  const text = ({ text: words, samples, ...more }) => ({ ...more, ...change(words, samples ?? {}) });
  return { ...model, header: text(model.header), body: text(model.body), cards: model.cards?.map((card) => ({ ...card, body: text(card.body) })) ?? null };
}

// {{1}} becomes {{variable_1}} and back; what was written as a sample stays with its variable.
export function withFormat(model, format) {
  if (format === model.format) return model;
  const rename = (words, samples) => {
    const names = gapsOf(words);
    const to = (name) => (format === "NAMED" ? `variable_${name}` : String(names.indexOf(name) + 1));
    return { text: words.replace(GAP, (gap, name) => `{{${to(name)}}}`), samples: Object.fromEntries(names.map((name) => [to(name), samples[name] ?? ""])) };
  };
  return { ...eachText(model, rename), format };
}

// The next free variable of a text: {{3}}, or {{name}}, {{name_2}} …
export function nextGap(text, named, wanted) {
  const taken = gapsOf(text);
  if (!named) return `{{${Math.max(0, ...taken.map(Number).filter(Number.isFinite)) + 1}}}`;
  const base = (wanted || "variable").toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").replace(/^(\d)/, "v$1") || "variable";
  let name = base;
  for (let n = 2; taken.includes(name); n += 1) name = `${base}_${n}`;
  return `{{${name}}}`;
}

// Meta: positional variables are numbered from 1 in the order of the text. Where one is moved or deleted the others follow.
export function renumbered({ text, samples }) {
  const names = gapsOf(text);
  if (names.every((name, at) => name === String(at + 1))) return { text, samples };
  const to = Object.fromEntries(names.map((name, at) => [name, String(at + 1)]));
  return { text: text.replace(GAP, (gap, name) => `{{${to[name]}}}`), samples: Object.fromEntries(names.map((name) => [to[name], samples?.[name] ?? ""])) };
}
