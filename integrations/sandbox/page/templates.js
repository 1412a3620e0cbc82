// The desk of Meta's reviewers: approve, reject with a reason, pause, change the quality.

import { attempt, get, post, toast } from "./api.js";
import { byId, el } from "./dom.js";
import { ask, choice, field, openMenu } from "./sheet.js";

const REASONS = [
  ["INVALID_FORMAT", "Invalid format", "A variable, a sample or the spelling is wrong"],
  ["INCORRECT_CATEGORY", "Incorrect category", "The text belongs to another category"],
  ["PROMOTIONAL", "Promotional", "A utility template that advertises"],
  ["TAG_CONTENT_MISMATCH", "Does not match", "Language or category do not fit the text"],
  ["ABUSIVE_CONTENT", "Abusive content", "Threats, insults or forbidden goods"],
  ["SCAM", "Scam", "It asks for data or money"],
];
const SHOWN = 30;

export async function templates() {
  if (!byId("templates").open) return;
  const { data } = await get("control/templates");
  const waiting = data.filter((each) => each.status === "PENDING").length;
  byId("templates").querySelector("summary").textContent = waiting ? `Templates (${waiting} in review)` : "Templates";
  const rows = data.slice(0, SHOWN).map(row);
  byId("templates-body").replaceChildren(rows.length ? el("ul", { className: "templates" }, ...rows) : el("p", { className: "quiet" }, "There is no template yet."));
}

function row(template) {
  const about = [template.status, template.category, template.quality !== "UNKNOWN" && template.quality].filter(Boolean).join(" · ").toLowerCase();
  const more = el("button", {
    type: "button", className: "plain small", "aria-haspopup": "menu", data: { testid: `template-${template.name}` },
    "aria-label": `Decide about ${template.name} (${template.language})`, onclick: (event) => menu(template, event.currentTarget),
  }, "Decide");
  return el("li", {}, el("span", { className: "template-text", title: template.text }, el("strong", {}, `${template.name} (${template.language})`), el("small", {}, about)), more);
}

function menu(template, anchor) {
  const status = (values) => decide(template, "status", values);
  const quality = (score) => () => decide(template, "quality", { quality: score });
  openMenu(anchor, [
    ["tick", template.status === "PAUSED" ? "End the pause" : "Approve", () => status({ status: "APPROVED" }), "template-approve"],
    ["close", "Reject…", () => reject(template), "template-reject"],
    ["clock", "Pause for low quality", () => status({ status: "PAUSED" }), "template-pause"],
    ["block", "Disable for good", () => status({ status: "DISABLED" })],
    ["smile", "Quality: green", quality("GREEN")],
    ["smile", "Quality: yellow", quality("YELLOW")],
    ["smile", "Quality: red (pauses it)", quality("RED"), "template-red"],
  ]);
}

async function reject(template) {
  const sentence = field("What the reviewer writes", { tag: "textarea", name: "sentence", rows: 2, placeholder: "Optional" });
  const values = await ask(`Reject ${template.name}`, [...REASONS.map((each) => choice(...each)), sentence], "Reject");
  if (values) await decide(template, "status", { status: "REJECTED", reason: values.row, sentence: values.sentence });
}

async function decide(template, what, values) {
  const done = await attempt(() => post(`control/templates/${template.id}/${what}`, values));
  if (!done) return;
  toast(`${template.name}: ${done.status.toLowerCase()}`);
  await attempt(templates);
}

byId("templates").addEventListener("toggle", () => attempt(templates));
